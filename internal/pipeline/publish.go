package pipeline

import (
	"context"
	"errors"
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

// publish makes the data sets and dashboards that waited for their tables, and
// refreshes the data sets that are kept in SPICE.
func (pl *Planner) publish(ctx context.Context, run *Run, progress func(*Node)) error {
	if len(pl.Project.Dashboards) == 0 {
		return nil
	}
	plan, err := pl.Plan(ctx)
	if err != nil {
		return err
	}
	made := map[string]bool{}
	var steps []*Step
	for _, s := range plan.Steps {
		if s.Do == DoCreate && (s.Kind == "dataset" || s.Kind == "dashboard") || s.Do == DoUpdate && s.Kind == "dataset" {
			steps = append(steps, s)
			made[s.Kind+" "+s.Name] = true
		}
	}
	plan.Steps = steps
	if err := pl.Apply(ctx, plan, nil); err != nil {
		return err
	}
	ids, err := pl.identifiers()
	if err != nil {
		return err
	}
	for table := range ids {
		if d := pl.Project.DataSets[table]; d != nil && d.SPICE != nil && !*d.SPICE {
			continue
		}
		n := &Node{Name: "refresh " + table, Kind: "refresh", State: "RUNNING", began: time.Now()}
		progress(n)
		rows, err := pl.refresh(ctx, pl.qsID(table), run.ID, made["dataset "+pl.qsID(table)])
		n.Seconds = time.Since(n.began).Seconds()
		run.Nodes = append(run.Nodes, n)
		if err != nil {
			n.State, n.Error = "FAILED", err.Error()
			progress(n)
			return &RunFailed{[]*Node{n}}
		}
		n.State, n.Detail = "SUCCEEDED", Count(rows, "row")
		progress(n)
	}
	return nil
}

// refresh fills a data set's SPICE and waits. A data set that was just made
// fills itself.
func (pl *Planner) refresh(ctx context.Context, dataSet, runID string, fresh bool) (int64, error) {
	t := pl.Target
	id := "tarn-" + strings.TrimPrefix(runID, "wr_")[:min(24, len(strings.TrimPrefix(runID, "wr_")))]
	if fresh {
		out, err := qsCall[quicksight.ListIngestionsOutput](ctx, t, "ListIngestions", &quicksight.ListIngestionsInput{AwsAccountId: pl.account(), DataSetId: &dataSet})
		if err != nil {
			return 0, err
		}
		if len(out.Ingestions) > 0 {
			id = awsapi.Val(out.Ingestions[0].IngestionId)
			fresh = true
		} else {
			fresh = false
		}
	}
	if !fresh {
		if _, err := qsCall[quicksight.CreateIngestionOutput](ctx, t, "CreateIngestion", &quicksight.CreateIngestionInput{AwsAccountId: pl.account(), DataSetId: &dataSet, IngestionId: &id}); err != nil && !awsapi.IsCode(err, "ResourceExistsException") {
			return 0, err
		}
	}
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		out, err := qsCall[quicksight.DescribeIngestionOutput](ctx, t, "DescribeIngestion", &quicksight.DescribeIngestionInput{AwsAccountId: pl.account(), DataSetId: &dataSet, IngestionId: &id})
		if err != nil {
			return 0, err
		}
		in := out.Ingestion
		switch awsapi.Val(in.IngestionStatus) {
		case "COMPLETED":
			if in.RowInfo == nil {
				return 0, nil
			}
			return awsapi.Val(in.RowInfo.RowsIngested), nil
		case "FAILED", "CANCELLED":
			text := awsapi.Val(in.IngestionStatus)
			if in.ErrorInfo != nil {
				text = awsapi.Val(in.ErrorInfo.Type) + ": " + awsapi.Val(in.ErrorInfo.Message)
			}
			return 0, errors.New(text)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(wait):
		}
	}
}
