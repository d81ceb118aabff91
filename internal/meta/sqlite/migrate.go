package sqlite

import (
	"database/sql"
	"fmt"

	"tarn/internal/meta"
)

// applicationID marks the file as ours ("tarn" in ASCII), so that another program's database is never migrated.
const applicationID = 0x7461726e

// migrations are applied in order, each in its own transaction, and never edited once released. A file's
// user_version is how many it has seen.
var migrations = []string{
	`CREATE TABLE doc (
		kind  TEXT NOT NULL,
		key   BLOB NOT NULL,
		value BLOB NOT NULL,
		PRIMARY KEY (kind, key)
	) WITHOUT ROWID`,
}

func migrate(db *sql.DB, path string) error {
	var id, version, tables int
	if err := db.QueryRow(`PRAGMA application_id`).Scan(&id); err != nil {
		return err
	}
	if err := db.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if err := db.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return err
	}
	if id != applicationID && (id != 0 || version != 0 || tables != 0) {
		return &meta.Error{Op: "open", Path: path, Err: fmt.Errorf("this SQLite file belongs to another program"), Hint: "choose another data folder"}
	}
	if version > len(migrations) {
		return &meta.Error{Op: "open", Path: path,
			Err:  fmt.Errorf("%w: its schema is %d, this program knows %d", meta.ErrNewer, version, len(migrations)),
			Hint: "use the newer tarn, or restore a backup that this one made"}
	}
	for v := version; v < len(migrations); v++ {
		if err := step(db, v); err != nil {
			return fmt.Errorf("migration %d: %w", v+1, err)
		}
	}
	return nil
}

func step(db *sql.DB, v int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(migrations[v]); err != nil {
		return err
	}
	// PRAGMA takes no parameters; both numbers are ours.
	if _, err := tx.Exec(fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, v+1)); err != nil {
		return err
	}
	return tx.Commit()
}
