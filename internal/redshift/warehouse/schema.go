package warehouse

import (
	"context"
	"fmt"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

func (s *Session) createSchema(ctx context.Context, stmt *sql.CreateSchemaStmt) (wire.Result, error) {
	n := namespace{Name: stmt.Name.Name, Owner: s.user.Name, Kind: "local"}
	if stmt.Authorization != nil {
		n.Owner = stmt.Authorization.Name
		if err := s.userExists(ctx, n.Owner); err != nil {
			return nil, err
		}
		if n.Owner != s.user.Name && !s.user.Super {
			return nil, fail("42501", "must be superuser to create a schema for another user")
		}
	}
	return s.addNamespace(ctx, stmt.Tag(), n, stmt.IfNotExists)
}

// addNamespace stores a new schema.
func (s *Session) addNamespace(ctx context.Context, tag string, n namespace, ifNotExists bool) (wire.Result, error) {
	return s.within(ctx, s.writesSchemas(), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		if strings.HasPrefix(n.Name, "pg_") || n.Name == "information_schema" {
			return nil, fail("42939", "unacceptable schema name %q: the prefix pg_ is reserved for system schemas", n.Name)
		}
		if err := s.mayCreateSchema(ctx); err != nil {
			return nil, err
		}
		there, err := cat.namespace(s.database, n.Name)
		if err != nil {
			return nil, err
		}
		if there != nil {
			if ifNotExists {
				s.client.Notice(&wire.Error{Severity: "INFO", Code: "42P06", Message: fmt.Sprintf("Schema %q already exists and will be skipped", n.Name)})
				return done(tag), nil
			}
			return nil, fail("42P06", "schema %q already exists", n.Name)
		}
		n.OID = s.db.oid()
		return done(tag), store{s.engine, s.database}.putNamespace(ctx, n)
	})
}

// mayCreateSchema allows superusers and the database's owner.
func (s *Session) mayCreateSchema(ctx context.Context) error {
	if s.user.Super || s.db.Owner == s.user.Name {
		return nil
	}
	return fail("42501", "permission denied for database %s", s.database)
}

func (s *Session) ownsDatabase(ctx context.Context, name string) error {
	if s.user.Super {
		return nil
	}
	var r databaseRecord
	err := s.w.meta.View(ctx, func(tx meta.Tx) error { return tx.Get(kindDatabase, meta.Key{name}, &r) })
	if err != nil || r.Owner == s.user.Name {
		return nil // that it does not exist is said later
	}
	return fail("42501", "must be owner of database %s", name)
}

func (s *Session) createDatabase(ctx context.Context, stmt *sql.CreateDatabaseStmt) (wire.Result, error) {
	if err := s.outside("CREATE DATABASE"); err != nil {
		return nil, err
	}
	if !s.user.Super && !s.user.CreateDB {
		return nil, fail("42501", "permission denied to create database")
	}
	owner := s.user.Name
	if stmt.Owner != nil {
		owner = stmt.Owner.Name
		if err := s.userExists(ctx, owner); err != nil {
			return nil, err
		}
	}
	if strings.ContainsAny(stmt.Name.Name, "/\x00") || stmt.Name.Name == "" {
		return nil, fail("42602", "invalid database name %q", stmt.Name.Name)
	}
	return done(stmt.Tag()), s.w.createDatabase(ctx, stmt.Name.Name, owner)
}

func (s *Session) createExternalSchema(ctx context.Context, stmt *sql.CreateExternalSchemaStmt) (wire.Result, error) {
	if stmt.Kind != "data catalog" {
		return nil, unsupported("an external schema FROM %s is not supported yet", strings.ToUpper(stmt.Kind))
	}
	if s.w.lake == nil {
		return nil, unsupported("this warehouse has no lake")
	}
	role := stmt.IAMRole
	if role == "" {
		role = stmt.CatalogRole
	}
	lake, err := s.w.reach(ctx, role)
	if err != nil {
		return nil, lakeError(err)
	}
	_, err = s.w.lake.GetDatabase(lake, &glue.GetDatabaseInput{Name: new(stmt.Database)})
	if awsapi.IsCode(err, "EntityNotFoundException") {
		if !stmt.CreateDatabase {
			e := fail("XX000", "external database %q does not exist in the data catalog", stmt.Database)
			e.Hint = "create it, or add CREATE EXTERNAL DATABASE IF NOT EXISTS"
			return nil, e
		}
		_, err = s.w.lake.CreateDatabase(lake, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: new(stmt.Database)}})
	}
	if err != nil {
		return nil, lakeError(err)
	}
	n := namespace{Name: stmt.Name.Name, Owner: s.user.Name, Kind: "external", Options: map[string]string{
		"database": stmt.Database, "role": role, "region": stmt.Region, "catalog": stmt.CatalogID}}
	return s.addNamespace(ctx, stmt.Tag(), n, stmt.IfNotExists)
}

// ownNamespace finds a schema that the user owns.
func (s *Session) ownNamespace(cat *catalog, name string) (*namespace, error) {
	n, err := cat.namespace(s.database, name)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return nil, fail("3F000", "schema %q does not exist", name)
	}
	if !s.subject().owns(n.Owner) {
		return nil, fail("42501", "must be owner of schema %s", name)
	}
	return n, nil
}

func (s *Session) alterSchema(ctx context.Context, stmt *sql.AlterSchemaStmt) (wire.Result, error) {
	return s.within(ctx, s.writesSchemas(), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		n, err := s.ownNamespace(cat, stmt.Name.Name)
		if err != nil {
			return nil, err
		}
		changed := *n
		switch {
		case stmt.RenameTo != nil:
			there, err := cat.namespace(s.database, stmt.RenameTo.Name)
			if err != nil {
				return nil, err
			}
			if there != nil {
				return nil, fail("42P06", "schema %q already exists", stmt.RenameTo.Name)
			}
			changed.Name = stmt.RenameTo.Name
		case stmt.Owner != nil:
			if err := s.userExists(ctx, stmt.Owner.Name); err != nil {
				return nil, err
			}
			changed.Owner = stmt.Owner.Name
		default:
			return nil, unsupported("schema quotas are not supported yet")
		}
		return done(stmt.Tag()), store{s.engine, s.database}.putNamespace(ctx, changed)
	})
}

func (s *Session) dropSchemas(ctx context.Context, stmt *sql.DropStmt) (wire.Result, error) {
	if stmt.ExternalDatabase {
		return nil, unsupported("DROP EXTERNAL DATABASE is not supported: the lake's catalog keeps its databases")
	}
	return s.within(ctx, s.writesSchemas(), func() (wire.Result, error) {
		st := store{s.engine, s.database}
		for _, name := range stmt.Names {
			cat := s.catalog(ctx)
			n, err := cat.namespace(s.database, name.Last())
			if err != nil {
				return nil, err
			}
			if n == nil {
				if stmt.IfExists {
					s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000", Message: fmt.Sprintf("Schema %q does not exist and will be skipped", name.Last())})
					continue
				}
				return nil, fail("3F000", "schema %q does not exist", name.Last())
			}
			if _, err := s.ownNamespace(cat, n.Name); err != nil {
				return nil, err
			}
			inside, err := st.relations(ctx, "n.oid = ?", n.OID)
			if err != nil {
				return nil, err
			}
			if len(inside) > 0 && !stmt.Cascade {
				return nil, depended("schema "+n.Name, "relation", inside)
			}
			for _, r := range inside {
				there, err := st.relationByOID(ctx, r.OID)
				if err != nil {
					return nil, err
				}
				if there == nil {
					continue // a view that went with its table
				}
				if err := s.dropRelation(ctx, there, true); err != nil {
					return nil, err
				}
			}
			if _, err := st.exec(ctx, "DELETE FROM {db}._tarn.namespace WHERE oid = ?", n.OID); err != nil {
				return nil, err
			}
		}
		return done(stmt.Tag()), nil
	})
}

func (s *Session) comment(ctx context.Context, stmt *sql.CommentStmt) (wire.Result, error) {
	remark := ""
	if stmt.Text != nil {
		remark = *stmt.Text
	}
	switch stmt.Kind {
	case "table", "view", "column":
		name := stmt.Name
		if stmt.Kind == "column" {
			if len(name) < 2 {
				return nil, fail("42601", "the column's table is missing")
			}
			name = name[:len(name)-1]
		}
		return s.within(ctx, s.reshapes(name), func() (wire.Result, error) {
			r, err := s.catalog(ctx).relation(name)
			if err != nil {
				return nil, err
			}
			if r == nil {
				return nil, fail("42P01", "relation %q does not exist", name.String())
			}
			if !s.subject().owns(r.Owner) {
				return nil, fail("42501", "must be owner of relation %s", r.Name)
			}
			if stmt.Kind == "column" {
				c := r.column(stmt.Name.Last())
				if c == nil {
					return nil, fail("42703", "column %q of relation %q does not exist", stmt.Name.Last(), r.Name)
				}
				c.Remark = remark
			} else {
				r.Remark = remark
			}
			if r.Temp {
				return done(stmt.Tag()), nil
			}
			return done(stmt.Tag()), store{s.engine, r.Database}.putRelation(ctx, r)
		})
	case "schema":
		return s.within(ctx, s.writesSchemas(), func() (wire.Result, error) {
			n, err := s.ownNamespace(s.catalog(ctx), stmt.Name.Last())
			if err != nil {
				return nil, err
			}
			changed := *n
			changed.Remark = remark
			return done(stmt.Tag()), store{s.engine, s.database}.putNamespace(ctx, changed)
		})
	}
	return nil, unsupported("COMMENT ON %s is not supported yet", strings.ToUpper(stmt.Kind))
}
