package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

// flipSealer is no encryption, but enough to see whether it is used, and for the right place.
type flipSealer struct{}

func (flipSealer) Seal(plain []byte, context string) ([]byte, error) {
	out := []byte(context + "\x00")
	for _, b := range plain {
		out = append(out, ^b)
	}
	return out, nil
}

func (flipSealer) Open(sealed []byte, context string) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(context+"\x00"))
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	out := make([]byte, len(rest))
	for i, b := range rest {
		out[i] = ^b
	}
	return out, nil
}

func newService(t *testing.T) (*Service, meta.Store, context.Context) {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	ctx := awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "000000000000", Region: "us-east-1", ARN: "arn:aws:iam::000000000000:root"})
	s := New(Config{Store: store, Sealer: flipSealer{}, Now: time.Now})
	if _, err := s.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: new("db")}}); err != nil {
		t.Fatal(err)
	}
	return s, store, ctx
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, what, code string, err error) {
	t.Helper()
	if !awsapi.IsCode(err, code) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func columns(names ...string) []*glue.Column {
	var all []*glue.Column
	for _, n := range names {
		all = append(all, &glue.Column{Name: new(n), Type: new("string")})
	}
	return all
}

func TestBatchIsAllOrNothing(t *testing.T) {
	s, _, ctx := newService(t)
	table := &glue.TableInput{Name: new("T"), PartitionKeys: columns("k"), StorageDescriptor: &glue.StorageDescriptor{Columns: columns("a")}}
	good := []*glue.PartitionInput{{Values: []string{"1"}}, {Values: []string{"2"}}}
	bad := append(slices.Clone(good), &glue.PartitionInput{Values: []string{"too", "many"}})
	wantCode(t, "a bad partition", "InvalidInputException", s.Apply(ctx, Batch{Database: "db", Create: table, Put: bad}))
	_, err := s.GetTable(ctx, &glue.GetTableInput{DatabaseName: new("db"), Name: new("t")})
	wantCode(t, "nothing was kept", "EntityNotFoundException", err)

	check(t, s.Apply(ctx, Batch{Database: "DB", Create: table, Put: good, Indexes: []*glue.PartitionIndex{{IndexName: new("i"), Keys: []string{"K"}}}}))
	wantCode(t, "a stale version", "ConcurrentModificationException", s.Apply(ctx, Batch{Database: "db", Update: table, Expect: "7", Drop: [][]string{{"1"}}}))
	values := func() string {
		t.Helper()
		out, err := s.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: new("db"), TableName: new("t")})
		check(t, err)
		var all []string
		for _, p := range out.Partitions {
			all = append(all, strings.Join(p.Values, "/"))
		}
		return strings.Join(all, " ")
	}
	if got := values(); got != "1 2" {
		t.Errorf("partitions are %s", got)
	}
	changed := *table
	changed.PartitionKeys = columns("other")
	wantCode(t, "indexed keys", "InvalidInputException", s.Apply(ctx, Batch{Database: "db", Update: &changed, Expect: "0"}))
	check(t, s.Apply(ctx, Batch{Database: "db", Update: table, Expect: "0", Put: []*glue.PartitionInput{{Values: []string{"2"}, Parameters: map[string]string{"x": "y"}}, {Values: []string{"3"}}}, Drop: [][]string{{"1"}, {"9"}}}))
	if got := values(); got != "2 3" {
		t.Errorf("partitions are %s", got)
	}
	check(t, s.Apply(ctx, Batch{Database: "db", Replace: true, Create: &changed}))
	out, err := s.GetTable(ctx, &glue.GetTableInput{DatabaseName: new("db"), Name: new("t")})
	check(t, err)
	if *out.Table.VersionId != "0" || *out.Table.PartitionKeys[0].Name != "other" || values() != "" {
		t.Errorf("replaced: %+v %s", out.Table, values())
	}
	check(t, s.Apply(ctx, Batch{Database: "db", Table: "t", Delete: true}))
	wantCode(t, "deleted", "EntityNotFoundException", s.Apply(ctx, Batch{Database: "db", Table: "t", Delete: true}))
}

func TestSecretsAreSealed(t *testing.T) {
	s, store, ctx := newService(t)
	_, err := s.CreateConnection(ctx, &glue.CreateConnectionInput{ConnectionInput: &glue.ConnectionInput{Name: new("c"), ConnectionType: new("JDBC"),
		ConnectionProperties: map[string]string{"JDBC_CONNECTION_URL": "jdbc:x", "USERNAME": "u", "PASSWORD": "hunter2"}}})
	check(t, err)
	check(t, store.View(ctx, func(tx meta.Tx) error {
		return tx.Scan(kindConnection, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var doc storedConnection
			if err := json.Unmarshal(raw, &doc); err != nil {
				return false, err
			}
			if bytes.Contains(raw, []byte("hunter2")) || bytes.Contains(doc.Sealed, []byte("hunter2")) || doc.Connection.ConnectionProperties != nil {
				t.Errorf("the password lies open: %s", raw)
			}
			return true, nil
		})
	}))
	out, err := s.GetConnection(ctx, &glue.GetConnectionInput{Name: new("c")})
	check(t, err)
	if out.Connection.ConnectionProperties["PASSWORD"] != "hunter2" {
		t.Errorf("got %v", out.Connection.ConnectionProperties)
	}
}

// TestTagsGoWithTheirResource: a resource that is made anew under the same name has none of the old one's tags.
func TestTagsGoWithTheirResource(t *testing.T) {
	s, _, ctx := newService(t)
	caller := awsapi.CallerFrom(ctx)
	check(t, s.Apply(ctx, Batch{Database: "db", Create: &glue.TableInput{Name: new("t")}}))
	arn := tags.ARN(caller, "table", "db", "t")
	for range 2 {
		_, err := s.TagResource(ctx, &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: map[string]string{"a": "b"}})
		check(t, err)
		_, err = s.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: new("db")})
		check(t, err)
		_, err = s.GetTags(ctx, &glue.GetTagsInput{ResourceArn: &arn})
		wantCode(t, "tags of nothing", "EntityNotFoundException", err)
		_, err = s.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: new("db")}})
		check(t, err)
		check(t, s.Apply(ctx, Batch{Database: "db", Create: &glue.TableInput{Name: new("t")}}))
		out, err := s.GetTags(ctx, &glue.GetTagsInput{ResourceArn: &arn})
		check(t, err)
		if len(out.Tags) != 0 {
			t.Errorf("tags are left: %v", out.Tags)
		}
	}
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	_, err := s.TagResource(ctx, &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: many})
	wantCode(t, "too many tags", "InvalidInputException", err)
	_, err = s.TagResource(ctx, &glue.TagResourceInput{ResourceArn: new("arn:aws:glue:us-east-1:000000000000:mlTransform/x"), TagsToAdd: many})
	wantCode(t, "what is not here", "OperationNotSupportedException", err)
}

func TestAnotherAccountSeesNothing(t *testing.T) {
	s, _, ctx := newService(t)
	other := awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "111111111111", Region: "us-east-1"})
	_, err := s.GetDatabase(other, &glue.GetDatabaseInput{Name: new("db")})
	wantCode(t, "another's database", "EntityNotFoundException", err)
	_, err = s.GetDatabase(other, &glue.GetDatabaseInput{Name: new("db"), CatalogId: new("000000000000")})
	wantCode(t, "another's catalog", "EntityNotFoundException", err)
	_, err = s.GetDatabase(ctx, &glue.GetDatabaseInput{Name: new("db"), CatalogId: new("000000000000")})
	check(t, err)
	if _, err := s.GetDatabase(context.Background(), &glue.GetDatabaseInput{Name: new("db")}); err == nil {
		t.Error("nobody got an answer")
	}
}

// TestRandomHistory compares tables, versions and partitions with a model over many operations.
func TestRandomHistory(t *testing.T) {
	s, _, ctx := newService(t)
	rnd := rand.New(rand.NewSource(7))
	type tableModel struct {
		version    int
		archived   []int // newest first
		partitions map[string]bool
	}
	model := map[string]*tableModel{}
	input := func(name string) *glue.TableInput { return &glue.TableInput{Name: &name, PartitionKeys: columns("k")} }
	for step := range 600 {
		name := fmt.Sprintf("t%d", rnd.Intn(3))
		m := model[name]
		value := []string{fmt.Sprint(rnd.Intn(4))}
		switch rnd.Intn(7) {
		case 0:
			_, err := s.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: new("db"), TableInput: input(name)})
			if m == nil {
				check(t, err)
				model[name] = &tableModel{partitions: map[string]bool{}}
			} else {
				wantCode(t, "create", "AlreadyExistsException", err)
			}
		case 1, 2:
			in := &glue.UpdateTableInput{DatabaseName: new("db"), TableInput: input(name), SkipArchive: new(rnd.Intn(2) == 0)}
			guess := rnd.Intn(4)
			if rnd.Intn(2) == 0 {
				in.VersionId = new(fmt.Sprint(guess))
			}
			_, err := s.UpdateTable(ctx, in)
			switch {
			case m == nil:
				wantCode(t, "update of nothing", "EntityNotFoundException", err)
			case in.VersionId != nil && guess != m.version:
				wantCode(t, "stale update", "ConcurrentModificationException", err)
			default:
				check(t, err)
				if !*in.SkipArchive {
					m.archived = append([]int{m.version}, m.archived...)
				}
				m.version++
			}
		case 3, 4:
			_, err := s.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: new("db"), TableName: &name, PartitionInput: &glue.PartitionInput{Values: value}})
			switch {
			case m == nil:
				wantCode(t, "partition of nothing", "EntityNotFoundException", err)
			case m.partitions[value[0]]:
				wantCode(t, "second partition", "AlreadyExistsException", err)
			default:
				check(t, err)
				m.partitions[value[0]] = true
			}
		case 5:
			_, err := s.DeletePartition(ctx, &glue.DeletePartitionInput{DatabaseName: new("db"), TableName: &name, PartitionValues: value})
			if m == nil || !m.partitions[value[0]] {
				wantCode(t, "delete of nothing", "EntityNotFoundException", err)
			} else {
				check(t, err)
				delete(m.partitions, value[0])
			}
		case 6:
			if rnd.Intn(4) != 0 {
				continue
			}
			_, err := s.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: new("db"), Name: &name})
			if m == nil {
				wantCode(t, "delete of nothing", "EntityNotFoundException", err)
			} else {
				check(t, err)
				delete(model, name)
			}
		}
		if step%20 != 0 {
			continue
		}
		tables, err := s.GetTables(ctx, &glue.GetTablesInput{DatabaseName: new("db")})
		check(t, err)
		var names []string
		for _, x := range tables.TableList {
			names = append(names, *x.Name)
		}
		if !slices.Equal(names, slices.Sorted(maps.Keys(model))) {
			t.Fatalf("step %d: tables %v", step, names)
		}
		for name, m := range model {
			versions, err := s.GetTableVersions(ctx, &glue.GetTableVersionsInput{DatabaseName: new("db"), TableName: &name})
			check(t, err)
			want := fmt.Sprint(append([]int{m.version}, m.archived...))
			var got []string
			for _, v := range versions.TableVersions {
				got = append(got, *v.VersionId)
			}
			if fmt.Sprint(got) != want {
				t.Fatalf("step %d: versions of %s are %v, want %s", step, name, got, want)
			}
			parts, err := s.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: new("db"), TableName: &name})
			check(t, err)
			if len(parts.Partitions) != len(m.partitions) {
				t.Fatalf("step %d: %d partitions of %s, want %d", step, len(parts.Partitions), name, len(m.partitions))
			}
		}
	}
}

func BenchmarkGetPartitions(b *testing.B) {
	store, err := sqlite.Open(filepath.Join(b.TempDir(), "meta.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	ctx := awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "000000000000", Region: "us-east-1"})
	s := New(Config{Store: store, Sealer: flipSealer{}, Now: time.Now})
	if _, err := s.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: new("db")}}); err != nil {
		b.Fatal(err)
	}
	batch := Batch{Database: "db", Create: &glue.TableInput{Name: new("t"), PartitionKeys: columns("year", "day")}}
	for y := range 20 {
		for d := range 500 {
			batch.Put = append(batch.Put, &glue.PartitionInput{Values: []string{fmt.Sprint(2000 + y), fmt.Sprint(d)}, StorageDescriptor: &glue.StorageDescriptor{Columns: columns("a", "b", "c")}})
		}
	}
	if err := s.Apply(ctx, batch); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		out, err := s.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: new("db"), TableName: new("t"), Expression: new("year = '2007' AND day IN ('3', '4')")})
		if err != nil || len(out.Partitions) != 2 {
			b.Fatal(err, len(out.Partitions))
		}
	}
}

// TestVersionsAreBounded: the current version and the thousand before it are there, older ones are forgotten.
func TestVersionsAreBounded(t *testing.T) {
	s, store, ctx := newService(t)
	_, err := s.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: new("db"), TableInput: &glue.TableInput{Name: new("t")}})
	check(t, err)
	check(t, store.Update(ctx, func(tx meta.Tx) error {
		for range keptVersions + 5 {
			old, err := table(tx, "000000000000", "db", "t")
			if err != nil {
				return err
			}
			if err := s.updateTable(tx, old, &glue.TableInput{Name: new("t")}, false); err != nil {
				return err
			}
		}
		return nil
	}))
	var ids []string
	for in := (&glue.GetTableVersionsInput{DatabaseName: new("db"), TableName: new("t")}); ; {
		out, err := s.GetTableVersions(ctx, in)
		check(t, err)
		for _, v := range out.TableVersions {
			ids = append(ids, *v.VersionId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(ids) != keptVersions+1 || ids[0] != "1005" || ids[len(ids)-1] != "5" {
		t.Errorf("%d versions from %s to %s", len(ids), ids[0], ids[len(ids)-1])
	}
}
