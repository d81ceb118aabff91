package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	qsapi "tarn/api/quicksight"
	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/glue/job"
	"tarn/internal/glue/job/sqljob"
	"tarn/internal/identity"
	"tarn/internal/redshift/wire"
)

// native runs the steps that need no Python.
type native struct {
	sql  *sqljob.Runner
	load *sqljob.Loader
}

func (n native) Run(ctx context.Context, r job.RunRequest) (job.Result, error) {
	switch r.Marker {
	case "sql":
		res, err := n.sql.Run(ctx, r.Script, r.Arguments, r.Stdout)
		return job.Result{Rows: res.Rows}, err
	case "load":
		return job.Result{}, n.load.Run(ctx, r.Script, r.Stdout)
	}
	return job.Result{}, fmt.Errorf("a script marked %q is of another version of tarn", r.Marker)
}

// loadWarehouse runs a load's statements as the warehouse's first user, for a
// role that may use the Data API.
type loadWarehouse struct{ w *wiring }

func (l loadWarehouse) Execute(ctx context.Context, statements ...string) (err error) {
	in := &redshiftdata.BatchExecuteStatementInput{ClusterIdentifier: new("tarn"), DbUser: new(l.w.warehouse.Master())}
	for _, need := range identity.RedshiftDataAccess(awsapi.CallerFrom(ctx), "BatchExecuteStatement", in) {
		if err := l.w.authorize(ctx, need.Action, need.Resource); err != nil {
			return err
		}
	}
	s, err := l.w.warehouse.Open(ctx, wire.Startup{User: l.w.warehouse.Master(), Database: "dev"}, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if len(statements) > 1 {
		statements = append(append([]string{"BEGIN"}, statements...), "COMMIT")
	}
	for _, text := range statements {
		if err := s.Query(ctx, text, drain(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// drain reads a result to its end and keeps nothing.
func drain(ctx context.Context) func(wire.Result) error {
	return func(r wire.Result) error {
		defer r.Close()
		if len(r.Columns()) == 0 {
			return nil
		}
		for {
			if _, err := r.Next(ctx); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

// refresher fills data sets' SPICE after a load.
type refresher struct{ w *wiring }

func (r refresher) Refresh(ctx context.Context, id string) error {
	if err := r.w.authorize(ctx, "quicksight:CreateIngestion", "*"); err != nil {
		return err
	}
	account := awsapi.CallerFrom(ctx).Account
	ingestion := "load-" + newID()
	_, err := r.w.dataSets.CreateIngestion(ctx, &qsapi.CreateIngestionInput{AwsAccountId: &account, DataSetId: &id, IngestionId: &ingestion})
	if awsapi.IsCode(err, "ResourceNotFoundException") {
		return nil // it is made after the first run, and fills itself then
	}
	if err != nil {
		return err
	}
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		out, err := r.w.dataSets.DescribeIngestion(ctx, &qsapi.DescribeIngestionInput{AwsAccountId: &account, DataSetId: &id, IngestionId: &ingestion})
		if err != nil {
			return err
		}
		switch awsapi.Val(out.Ingestion.IngestionStatus) {
		case "COMPLETED":
			return nil
		case "FAILED", "CANCELLED":
			if e := out.Ingestion.ErrorInfo; e != nil {
				return fmt.Errorf("%s: %s", awsapi.Val(e.Type), awsapi.Val(e.Message))
			}
			return fmt.Errorf("ingestion %s", awsapi.Val(out.Ingestion.IngestionStatus))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
