package dataset

import (
	"context"
	"maps"
	"slices"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/quicksight/resource"
)

// read is a physical table with where its rows are, and on whose behalf they are read.
type read struct {
	id     string
	query  SourceQuery
	source *sourceRecord
}

// plan compiles a data set, asking its sources for the columns where it declares none.
func (s *Service) plan(ctx context.Context, set *quicksight.DataSet, sources map[string]*sourceRecord) (*plan, []read, error) {
	var reads []read
	inferred := map[string][]SourceColumn{}
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		src, table := sources[id], set.PhysicalTableMap[id]
		q, err := sourceQuery(src, table)
		if err != nil {
			return nil, nil, err
		}
		reads = append(reads, read{id, q, src})
		if table.CustomSql == nil || len(table.CustomSql.Columns) > 0 {
			continue
		}
		source, err := s.source(q)
		if err != nil {
			return nil, nil, err
		}
		if inferred[id], err = source.Describe(awsapi.WithCaller(ctx, src.Owner.caller()), q); err != nil {
			return nil, nil, invalid("The custom SQL %s cannot be described: %s", awsapi.Val(table.CustomSql.Name), err)
		}
	}
	p, err := compile(set, inferred, s.o.Now())
	return p, reads, err
}

// relations opens what a plan reads in a session, by physical table. They hold until release.
func (s *Service) relations(ctx context.Context, sess *engine.Session, reads []read) (_ map[string]string, release func(), err error) {
	relations := map[string]string{}
	var releases []func()
	release = func() {
		for _, r := range slices.Backward(releases) {
			r()
		}
	}
	for _, r := range reads {
		source, err := s.source(r.query)
		if err != nil {
			release()
			return nil, nil, err
		}
		sql, done, err := source.Relation(awsapi.WithCaller(ctx, r.source.Owner.caller()), sess, r.query)
		if err != nil {
			release()
			return nil, nil, sourceError(err)
		}
		relations[r.id] = sql
		releases = append(releases, done)
	}
	return relations, release, nil
}

// sourcesOf finds the data source of each physical table of a data set.
func (s *Service) sourcesOf(tx meta.Tx, account string, set *quicksight.DataSet) (map[string]*sourceRecord, error) {
	if _, err := tablesOf(set); err != nil {
		return nil, err
	}
	sources := map[string]*sourceRecord{}
	for id, table := range set.PhysicalTableMap {
		arn := ""
		if table.RelationalTable != nil {
			arn = awsapi.Val(table.RelationalTable.DataSourceArn)
		} else {
			arn = awsapi.Val(table.CustomSql.DataSourceArn)
		}
		name, ok := resource.ParseARN(account, resource.DataSource, arn)
		if !ok {
			return nil, invalid("%s is not the ARN of a data source of this account", arn)
		}
		var src sourceRecord
		if err := resource.Get(tx, resource.DataSource, account, name, &src); err != nil {
			return nil, err
		}
		if e := src.Source.ErrorInfo; e != nil {
			return nil, invalid("Data source %s cannot be used: %s", name, awsapi.Val(e.Message))
		}
		sources[id] = &src
	}
	return sources, nil
}
