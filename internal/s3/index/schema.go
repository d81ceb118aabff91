package index

// migrations lead from each version of the schema to the next; they only ever grow.
//
// Keys are BLOBs: SQLite then compares them byte by byte, which is the order S3 lists them in.
func migrations() []string {
	return []string{`
CREATE TABLE state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- A start of the store. Those that are not swept may have left files of blobs that were never published.
CREATE TABLE generation (id INTEGER PRIMARY KEY, swept INTEGER NOT NULL DEFAULT 0);

CREATE TABLE bucket (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	account TEXT NOT NULL,
	region TEXT NOT NULL,
	created INTEGER NOT NULL,
	doc TEXT NOT NULL
);

-- What listings read comes first; doc may spill to overflow pages, which they then do not touch.
CREATE TABLE object (
	bucket INTEGER NOT NULL,
	key BLOB NOT NULL,
	size INTEGER NOT NULL,
	etag TEXT NOT NULL,
	modified INTEGER NOT NULL,
	class TEXT NOT NULL,
	algorithm TEXT NOT NULL,
	checksum_type TEXT NOT NULL,
	segments BLOB NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (bucket, key)
) WITHOUT ROWID;

CREATE TABLE upload (
	bucket INTEGER NOT NULL,
	key BLOB NOT NULL,
	id TEXT NOT NULL UNIQUE,
	initiated INTEGER NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (bucket, key, id)
) WITHOUT ROWID;

CREATE TABLE part (
	upload TEXT NOT NULL,
	number INTEGER NOT NULL,
	size INTEGER NOT NULL,
	etag TEXT NOT NULL,
	modified INTEGER NOT NULL,
	segments BLOB NOT NULL,
	checksums TEXT NOT NULL,
	PRIMARY KEY (upload, number)
) WITHOUT ROWID;

-- Answers of completed uploads, for clients that retry because the first answer was lost.
CREATE TABLE completed (upload TEXT PRIMARY KEY, at INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX completed_at ON completed (at);

-- refs counts the segments of objects and parts that lie in a blob; died is when it reached zero.
CREATE TABLE blob (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, died INTEGER);
CREATE INDEX blob_died ON blob (died) WHERE died IS NOT NULL;

CREATE TABLE event (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL,
	account TEXT NOT NULL,
	bucket TEXT NOT NULL,
	key BLOB NOT NULL,
	size INTEGER NOT NULL,
	etag TEXT NOT NULL
);
`}
}
