package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

// SearchTables finds tables of all databases by words and filters.
func (s *Service) SearchTables(ctx context.Context, in *glue.SearchTablesInput) (*glue.SearchTablesOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	if len(in.SortCriteria) > 1 {
		return nil, glue.InvalidInputException("Only one sort criterion is supported.")
	}
	var filters []func(*glue.Table) bool
	for _, f := range in.Filters {
		keep, err := searchFilter(f)
		if err != nil {
			return nil, err
		}
		filters = append(filters, keep)
	}
	if text := strings.TrimSpace(awsapi.Val(in.SearchText)); text != "" {
		filters = append(filters, searchText(text))
	}
	var found []*glue.Table
	err = s.store.View(ctx, func(tx meta.Tx) error {
		found, _, err = paging.List(tx, kindTable, meta.Key{acct}, paging.Request{}, func(_ meta.Key, t *glue.Table) (bool, error) {
			for _, keep := range filters {
				if !keep(t) {
					return false, nil
				}
			}
			return true, nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	order := func(t *glue.Table) string { return "" }
	descending := false
	if len(in.SortCriteria) == 1 {
		if order, err = sortField(awsapi.Val(in.SortCriteria[0].FieldName)); err != nil {
			return nil, err
		}
		descending = awsapi.Val(in.SortCriteria[0].Sort) == glue.SortDesc
	}
	slices.SortStableFunc(found, func(a, b *glue.Table) int {
		c := strings.Compare(order(a), order(b))
		if descending {
			c = -c
		}
		return c
	})
	// Pages go on behind the last answered table in this order, which its position stands for.
	position := make(map[*glue.Table]int, len(found))
	for i, t := range found {
		position[t] = i
	}
	out := &glue.SearchTablesOutput{}
	out.TableList, out.NextToken, err = paging.Slice(found, func(t *glue.Table) meta.Key { return meta.Key{fmt.Sprintf("%09d", position[t])} },
		paging.Request{Of: []any{"SearchTables", acct, in.Filters, in.SearchText, in.SortCriteria}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage})
	return out, err
}

// tokens splits names on punctuation.
func tokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func searchable(t *glue.Table) []string {
	words := []string{awsapi.Val(t.Name), awsapi.Val(t.DatabaseName), awsapi.Val(t.Description)}
	columns := t.PartitionKeys
	if t.StorageDescriptor != nil {
		columns = append(columns[:len(columns):len(columns)], t.StorageDescriptor.Columns...)
	}
	for _, c := range columns {
		words = append(words, awsapi.Val(c.Name), awsapi.Val(c.Comment))
	}
	for k, v := range t.Parameters {
		words = append(words, k, v)
	}
	return words
}

// searchText wants every word somewhere; in double quotes it wants one member to be exactly that.
func searchText(text string) func(*glue.Table) bool {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		exact := text[1 : len(text)-1]
		return func(t *glue.Table) bool {
			return slices.ContainsFunc(searchable(t), func(s string) bool { return strings.EqualFold(s, exact) })
		}
	}
	words := tokens(text)
	return func(t *glue.Table) bool {
		all := strings.ToLower(strings.Join(searchable(t), "\n"))
		for _, w := range words {
			if !strings.Contains(all, w) {
				return false
			}
		}
		return true
	}
}

func searchFilter(f *glue.PropertyPredicate) (func(*glue.Table) bool, error) {
	key, value, comparator := awsapi.Val(f.Key), awsapi.Val(f.Value), awsapi.Val(f.Comparator)
	if when, ok := timeField(key); ok {
		want, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return nil, glue.InvalidInputException("The value %s of the filter %s is not a time like 2013-01-01T00:00:00Z.", value, key)
		}
		return func(t *glue.Table) bool {
			at := when(t)
			if at == nil {
				return false
			}
			c := at.Compare(want)
			switch comparator {
			case glue.ComparatorGreaterThan:
				return c > 0
			case glue.ComparatorGreaterThanEquals:
				return c >= 0
			case glue.ComparatorLessThan:
				return c < 0
			case glue.ComparatorLessThanEquals:
				return c <= 0
			}
			return c == 0
		}, nil
	}
	if comparator != "" && comparator != glue.ComparatorEquals {
		return nil, glue.InvalidInputException("The comparator %s is for times only, not for %s.", comparator, key)
	}
	want := strings.ToLower(value)
	return func(t *glue.Table) bool {
		var have string
		switch strings.ToLower(key) {
		case "name":
			have = awsapi.Val(t.Name)
		case "databasename":
			have = awsapi.Val(t.DatabaseName)
		case "description":
			have = awsapi.Val(t.Description)
		case "tabletype":
			have = awsapi.Val(t.TableType)
		case "owner":
			have = awsapi.Val(t.Owner)
		default:
			have = t.Parameters[key]
		}
		return strings.EqualFold(have, want) || slices.Contains(tokens(have), want)
	}, nil
}

func timeField(key string) (func(*glue.Table) *awsapi.Time, bool) {
	switch strings.ToLower(key) {
	case "createtime":
		return func(t *glue.Table) *awsapi.Time { return t.CreateTime }, true
	case "updatetime":
		return func(t *glue.Table) *awsapi.Time { return t.UpdateTime }, true
	case "lastaccesstime":
		return func(t *glue.Table) *awsapi.Time { return t.LastAccessTime }, true
	}
	return nil, false
}

func sortField(name string) (func(*glue.Table) string, error) {
	if when, ok := timeField(name); ok {
		return func(t *glue.Table) string {
			if at := when(t); at != nil {
				return at.Format("20060102150405.000000000")
			}
			return ""
		}, nil
	}
	switch strings.ToLower(name) {
	case "name":
		return func(t *glue.Table) string { return awsapi.Val(t.Name) }, nil
	case "databasename":
		return func(t *glue.Table) string { return awsapi.Val(t.DatabaseName) }, nil
	}
	return nil, glue.InvalidInputException("Tables can't be sorted by %s; by Name, DatabaseName, CreateTime, UpdateTime and LastAccessTime they can.", name)
}
