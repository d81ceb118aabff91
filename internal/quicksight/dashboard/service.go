package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/quicksight/dataset"
	"tarn/internal/quicksight/query"
	"tarn/internal/quicksight/resource"
)

// DataSets are what dashboards show.
type DataSets interface {
	// Columns tells the columns of a data set, without reading it.
	Columns(ctx context.Context, account, id string) ([]query.Column, error)
	// Open opens a data set for a query.
	Open(ctx context.Context, account, id string) (*dataset.Handle, error)
}

// Options are what the service needs.
type Options struct {
	Store    meta.Store
	DataSets DataSets
	// Authorize asks whether the caller of ctx may do an action on a resource; queries of the console come through no API.
	Authorize func(ctx context.Context, action, resource string) error
	Now       func() time.Time
}

// Service implements the operations of QuickSight on dashboards and users.
type Service struct {
	o       Options
	flights flights
	decoded definitions
}

// New makes the service.
func New(o Options) *Service { return &Service{o: o, flights: flights{calls: map[string]*call{}}} }

const versionKind = "quicksight.dashboard.version"

// record is the document of a dashboard.
type record struct {
	ID, ARN, Name                   string
	Created, Updated, PublishedTime time.Time
	Published, Latest               int64
	Permissions                     []*quicksight.ResourcePermission
	LinkSharing                     *quicksight.LinkSharingConfiguration `json:",omitzero"`
	LinkEntities                    []string                             `json:",omitzero"`
}

// version is the document of one version of a dashboard.
type version struct {
	Number         int64
	Created        time.Time
	Name           string
	Status         string
	Errors         []*quicksight.DashboardError        `json:",omitzero"`
	Description    *string                             `json:",omitzero"`
	ThemeARN       *string                             `json:",omitzero"`
	DataSetARNs    []string                            `json:",omitzero"`
	PublishOptions *quicksight.DashboardPublishOptions `json:",omitzero"`
	Parameters     *quicksight.Parameters              `json:",omitzero"`
	Definition     json.RawMessage
}

func versionKey(account, id string, n int64) meta.Key {
	return meta.Key{account, id, fmt.Sprintf("%010d", n)}
}

func (r *record) versionARN(n int64) *string { return new(fmt.Sprintf("%s/version/%d", r.ARN, n)) }

// load reads a dashboard and the version asked for: a number, an alias, or the published one.
func load(tx meta.Tx, account, id string, number *int64, alias *string) (*record, *version, error) {
	r, n, err := find(tx, account, id, number, alias)
	if err != nil {
		return nil, nil, err
	}
	v, err := loadVersion(tx, account, id, n)
	return r, v, err
}

func find(tx meta.Tx, account, id string, number *int64, alias *string) (*record, int64, error) {
	var r record
	if err := resource.Get(tx, resource.Dashboard, account, id, &r); err != nil {
		return nil, 0, err
	}
	switch {
	case number != nil && alias != nil:
		return nil, 0, quicksight.InvalidParameterValueException("VersionNumber and AliasName exclude one another")
	case number != nil:
		return &r, *number, nil
	case alias == nil, *alias == "$PUBLISHED":
		return &r, r.Published, nil
	case *alias == "$LATEST":
		return &r, r.Latest, nil
	}
	return nil, 0, quicksight.InvalidParameterValueException("Dashboards have the aliases $LATEST and $PUBLISHED, not %s", *alias)
}

func loadVersion(tx meta.Tx, account, id string, n int64) (*version, error) {
	var v version
	err := tx.Get(versionKind, versionKey(account, id, n), &v)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, quicksight.ResourceNotFoundException("Version %d of dashboard %s is not found", n, id).With("ResourceType", "DASHBOARD_VERSION")
	}
	return &v, err
}

// decode reads a definition into its types.
func decode(definition json.RawMessage) (*quicksight.DashboardVersionDefinition, error) {
	var d quicksight.DashboardVersionDefinition
	if err := json.Unmarshal(definition, &d); err != nil {
		return nil, quicksight.InvalidParameterValueException("Definition: %s", err)
	}
	return &d, nil
}

// columns reads the columns of every data set that a definition declares. Missing are the identifiers of those that are not there.
func (s *Service) columns(ctx context.Context, account string, d *quicksight.DashboardVersionDefinition) (columns map[string][]query.Column, missing map[string]error, err error) {
	columns, missing = map[string][]query.Column{}, map[string]error{}
	for _, decl := range d.DataSetIdentifierDeclarations {
		identifier := awsapi.Val(decl.Identifier)
		id, ok := resource.ParseARN(account, resource.DataSet, awsapi.Val(decl.DataSetArn))
		if !ok {
			missing[identifier] = quicksight.InvalidParameterValueException("%s is not the ARN of a data set of this account", awsapi.Val(decl.DataSetArn))
			continue
		}
		c, err := s.o.DataSets.Columns(ctx, account, id)
		if awsapi.IsCode(err, "ResourceNotFoundException") {
			missing[identifier] = err
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		columns[identifier] = c
	}
	return columns, missing, nil
}
