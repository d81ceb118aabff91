package crawler

import (
	"context"
	"errors"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

func classifierName(c *glue.Classifier) string {
	switch {
	case c.GrokClassifier != nil:
		return awsapi.Val(c.GrokClassifier.Name)
	case c.XMLClassifier != nil:
		return awsapi.Val(c.XMLClassifier.Name)
	case c.JsonClassifier != nil:
		return awsapi.Val(c.JsonClassifier.Name)
	case c.CsvClassifier != nil:
		return awsapi.Val(c.CsvClassifier.Name)
	}
	return ""
}

func checkCSVClassifier(c *glue.CsvClassifier) error {
	d, q := awsapi.Val(c.Delimiter), awsapi.Val(c.QuoteSymbol)
	switch {
	case d != "" && d == q:
		return glue.InvalidInputException("The quote symbol must differ from the delimiter.")
	case len(d) > 1 || len(q) > 1:
		return glue.InvalidInputException("The delimiter and the quote symbol must be one ASCII character each.")
	}
	seen := map[string]bool{}
	for _, h := range c.Header {
		if seen[strings.ToLower(h)] {
			return glue.InvalidInputException("The header names the column %s twice.", h)
		}
		seen[strings.ToLower(h)] = true
	}
	return nil
}

// CreateClassifier stores a new classifier of any of the four kinds.
func (s *Service) CreateClassifier(ctx context.Context, in *glue.CreateClassifierInput) (*glue.CreateClassifierOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	now, c, given := stamp(s.Now()), &glue.Classifier{}, 0
	if g := in.GrokClassifier; g != nil {
		given++
		c.GrokClassifier = &glue.GrokClassifier{Name: g.Name, Classification: g.Classification, GrokPattern: g.GrokPattern, CustomPatterns: g.CustomPatterns,
			CreationTime: now, LastUpdated: now, Version: new(int64(1))}
	}
	if x := in.XMLClassifier; x != nil {
		given++
		c.XMLClassifier = &glue.XMLClassifier{Name: x.Name, Classification: x.Classification, RowTag: x.RowTag, CreationTime: now, LastUpdated: now, Version: new(int64(1))}
	}
	if j := in.JsonClassifier; j != nil {
		given++
		c.JsonClassifier = &glue.JsonClassifier{Name: j.Name, JsonPath: j.JsonPath, CreationTime: now, LastUpdated: now, Version: new(int64(1))}
	}
	if v := in.CsvClassifier; v != nil {
		given++
		c.CsvClassifier = &glue.CsvClassifier{Name: v.Name, Delimiter: v.Delimiter, QuoteSymbol: v.QuoteSymbol, ContainsHeader: v.ContainsHeader, Header: v.Header,
			DisableValueTrimming: v.DisableValueTrimming, AllowSingleColumn: v.AllowSingleColumn, CustomDatatypeConfigured: v.CustomDatatypeConfigured,
			CustomDatatypes: v.CustomDatatypes, Serde: v.Serde, CreationTime: now, LastUpdated: now, Version: new(int64(1))}
		if err := checkCSVClassifier(c.CsvClassifier); err != nil {
			return nil, err
		}
	}
	if given != 1 {
		return nil, glue.InvalidInputException("Exactly one classifier must be given, not %d.", given)
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(kindClassifier, meta.Key{caller.Account, classifierName(c)}, c)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Classifier already exists.")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateClassifierOutput{}, nil
}

// readable says whether crawls can use a classifier, and which version of it this is.
func readable(name string, c *glue.Classifier) (version *int64, made *awsapi.Time, err error) {
	switch {
	case c.CsvClassifier != nil:
		return c.CsvClassifier.Version, c.CsvClassifier.CreationTime, nil
	case c.JsonClassifier == nil:
		return nil, nil, glue.InvalidInputException("The classifier %s is neither for CSV nor for JSON: crawlers use no others yet.", name)
	}
	if path := awsapi.Val(c.JsonClassifier.JsonPath); path != "$" && path != "$[*]" {
		return nil, nil, glue.InvalidInputException("The classifier %s finds records at the JSON path %s: crawlers use only $ and $[*] yet.", name, path)
	}
	return c.JsonClassifier.Version, c.JsonClassifier.CreationTime, nil
}

func getClassifier(tx meta.Tx, account, name string) (*glue.Classifier, error) {
	var c glue.Classifier
	err := tx.Get(kindClassifier, meta.Key{account, name}, &c)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Classifier %s not found.", name)
	}
	return &c, err
}

// UpdateClassifier changes what it is given of a classifier.
func (s *Service) UpdateClassifier(ctx context.Context, in *glue.UpdateClassifierInput) (*glue.UpdateClassifierOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var name string
	given := 0
	if in.GrokClassifier != nil {
		name, given = awsapi.Val(in.GrokClassifier.Name), given+1
	}
	if in.XMLClassifier != nil {
		name, given = awsapi.Val(in.XMLClassifier.Name), given+1
	}
	if in.JsonClassifier != nil {
		name, given = awsapi.Val(in.JsonClassifier.Name), given+1
	}
	if in.CsvClassifier != nil {
		name, given = awsapi.Val(in.CsvClassifier.Name), given+1
	}
	if given != 1 {
		return nil, glue.InvalidInputException("Exactly one classifier must be given, not %d.", given)
	}
	now := stamp(s.Now())
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		c, err := getClassifier(tx, caller.Account, name)
		if err != nil {
			return err
		}
		kindDiffers := glue.InvalidInputException("Classifier %s is of another kind.", name)
		switch {
		case in.GrokClassifier != nil:
			g, u := c.GrokClassifier, in.GrokClassifier
			if g == nil {
				return kindDiffers
			}
			replace(&g.Classification, u.Classification)
			replace(&g.GrokPattern, u.GrokPattern)
			replace(&g.CustomPatterns, u.CustomPatterns)
			g.LastUpdated = now
			*g.Version++
		case in.XMLClassifier != nil:
			x, u := c.XMLClassifier, in.XMLClassifier
			if x == nil {
				return kindDiffers
			}
			replace(&x.Classification, u.Classification)
			replace(&x.RowTag, u.RowTag)
			x.LastUpdated = now
			*x.Version++
		case in.JsonClassifier != nil:
			j, u := c.JsonClassifier, in.JsonClassifier
			if j == nil {
				return kindDiffers
			}
			replace(&j.JsonPath, u.JsonPath)
			j.LastUpdated = now
			*j.Version++
		default:
			v, u := c.CsvClassifier, in.CsvClassifier
			if v == nil {
				return kindDiffers
			}
			replace(&v.Delimiter, u.Delimiter)
			replace(&v.QuoteSymbol, u.QuoteSymbol)
			replace(&v.ContainsHeader, u.ContainsHeader)
			replace(&v.DisableValueTrimming, u.DisableValueTrimming)
			replace(&v.AllowSingleColumn, u.AllowSingleColumn)
			replace(&v.CustomDatatypeConfigured, u.CustomDatatypeConfigured)
			replace(&v.Serde, u.Serde)
			if u.Header != nil {
				v.Header = u.Header
			}
			if u.CustomDatatypes != nil {
				v.CustomDatatypes = u.CustomDatatypes
			}
			v.LastUpdated = now
			*v.Version++
			if err := checkCSVClassifier(v); err != nil {
				return err
			}
		}
		return tx.Put(kindClassifier, meta.Key{caller.Account, name}, c)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateClassifierOutput{}, nil
}

// GetClassifier answers one classifier.
func (s *Service) GetClassifier(ctx context.Context, in *glue.GetClassifierInput) (*glue.GetClassifierOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetClassifierOutput{}
	err = s.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.Classifier, err = getClassifier(tx, caller.Account, awsapi.Val(in.Name))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetClassifiers lists classifiers by name.
func (s *Service) GetClassifiers(ctx context.Context, in *glue.GetClassifiersInput) (*glue.GetClassifiersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetClassifiersOutput{}
	err = s.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.Classifiers, out.NextToken, err = paging.List[glue.Classifier](tx, kindClassifier, meta.Key{caller.Account},
			paging.Request{Of: []any{"GetClassifiers", caller.Account}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage}, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteClassifier forgets a classifier.
func (s *Service) DeleteClassifier(ctx context.Context, in *glue.DeleteClassifierInput) (*glue.DeleteClassifierOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Delete(kindClassifier, meta.Key{caller.Account, awsapi.Val(in.Name)})
		if errors.Is(err, meta.ErrNotFound) {
			return glue.EntityNotFoundException("Classifier %s not found.", awsapi.Val(in.Name))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteClassifierOutput{}, nil
}
