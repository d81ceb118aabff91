package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"tarn/api/glue"
	"tarn/api/s3"
	"tarn/internal/awsapi"
)

// scriptResource is a script's object, in a folder named by its content: a script swapped in place is seen.
func (pl *Planner) scriptResource(name, file, text string) (*resource, string) {
	sum := sha256.Sum256([]byte(text))
	key := ".tarn/scripts/" + hex.EncodeToString(sum[:6]) + "/" + name + ".py" // errors name the file as the project does
	bucket := pl.Bucket()
	put := func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := s3Call[s3.PutObjectOutput](ctx, t, "PutObject", &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text), ContentLength: new(int64(len(text))), ContentType: new("text/x-python")})
		return err
	}
	return &resource{kind: "script", name: name, file: file, want: map[string]any{"Key": key, "Size": len(text)}, untagged: true,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := s3Call[s3.HeadObjectOutput](ctx, t, "HeadObject", &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
			if absent, err := missing(err, "NoSuchKey", "NotFound", "NoSuchBucket", "404"); absent || err != nil {
				return nil, nil, err
			}
			return map[string]any{"Key": key, "Size": awsapi.Val(out.ContentLength)}, nil, nil
		},
		create: put, update: put,
	}, "s3://" + bucket + "/" + key
}

// jobResources are a job's script and the Glue job.
func (pl *Planner) jobResources(j *Job) (script, job *resource, err error) {
	p := pl.Project
	text := j.text
	if j.Engine == "duckdb" {
		text, err = pl.Gen.SQL(SQLJob{Project: p.Name, Name: j.Name, File: j.File, Query: j.text, Bucket: pl.Bucket(), Database: p.database(), RawDatabase: p.rawDatabase(), Partition: j.Partition, Keys: j.Keys})
		if err != nil {
			return nil, nil, err
		}
	}
	script, location := pl.scriptResource(j.Name, j.File, text)
	in := pl.glueJob(p.jobName(j.Name), location)
	if j.Engine == "python" {
		in.Command.Name, in.Command.PythonVersion = new("pythonshell"), new("3.9")
		in.WorkerType, in.NumberOfWorkers = nil, nil
		in.MaxCapacity = new(0.0625)
	} else {
		n, kind, _ := strings.Cut(j.Workers, " ")
		workers, err := strconv.ParseInt(n, 10, 32) // checked when the project was read
		if err != nil {
			return nil, nil, err
		}
		in.WorkerType, in.NumberOfWorkers = &kind, new(int32(workers))
	}
	in.GlueVersion = new(j.Glue)
	in.MaxRetries = new(int32(j.Retries))
	if j.Timeout > 0 {
		in.Timeout = new(int32(j.Timeout))
	}
	for k, v := range j.Args {
		in.DefaultArguments["--"+strings.TrimPrefix(k, "--")] = v
	}
	bookmark := strings.Contains(j.text, "transformation_ctx")
	if j.Bookmark != nil {
		bookmark = *j.Bookmark
	}
	if bookmark && j.Engine == "spark" {
		in.DefaultArguments["--job-bookmark-option"] = "job-bookmark-enable"
	}
	if len(j.Packages) > 0 {
		in.DefaultArguments["--additional-python-modules"] = strings.Join(j.Packages, ",")
	}
	return script, pl.jobResource(in, j.File), nil
}

// glueJob has what every job gets.
func (pl *Planner) glueJob(name, script string) *glue.CreateJobInput {
	p := pl.Project
	return &glue.CreateJobInput{
		Name: &name, Role: new(pl.role()), GlueVersion: new("6.0"), WorkerType: new("G.1X"), NumberOfWorkers: new(int32(2)), MaxRetries: new(int32(0)),
		Command:           &glue.JobCommand{Name: new("glueetl"), ScriptLocation: &script, PythonVersion: new("3")},
		ExecutionProperty: &glue.ExecutionProperty{MaxConcurrentRuns: new(int32(1))},
		DefaultArguments: map[string]string{
			"--env": p.Env, "--bucket": pl.Bucket(), "--database": p.database(), "--raw_database": p.rawDatabase(), "--TempDir": "s3://" + pl.Bucket() + "/.tarn/tmp/",
		},
	}
}

func (pl *Planner) loadResources(j *Job, table string) (script, job *resource, err error) {
	p := pl.Project
	l := LoadJob{Project: p.Name, Table: table, Bucket: pl.Bucket(), Schema: p.Name, ExternalSchema: p.Name + "_lake", Dist: j.Load.Dist, Sort: j.Load.Sort}
	if pl.drawn(table) {
		l.DataSets = []string{pl.qsID(table)}
	}
	text, err := pl.Gen.Load(l)
	if err != nil {
		return nil, nil, err
	}
	script, location := pl.scriptResource("load-"+table, j.File, text)
	in := pl.glueJob(p.loadName(table), location)
	return script, pl.jobResource(in, j.File), nil
}

func (pl *Planner) jobResource(in *glue.CreateJobInput, file string) *resource {
	name := awsapi.Val(in.Name)
	arn := pl.arn("job/" + name)
	return &resource{kind: "job", name: name, file: file, want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetJobOutput](ctx, t, "GetJob", &glue.GetJobInput{JobName: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Job, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			_, err := glueCall[glue.CreateJobOutput](ctx, t, "CreateJob", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			u := &glue.JobUpdate{Role: in.Role, Command: in.Command, DefaultArguments: in.DefaultArguments, ExecutionProperty: in.ExecutionProperty, GlueVersion: in.GlueVersion,
				WorkerType: in.WorkerType, NumberOfWorkers: in.NumberOfWorkers, MaxCapacity: in.MaxCapacity, MaxRetries: in.MaxRetries, Timeout: in.Timeout}
			if _, err := glueCall[glue.UpdateJobOutput](ctx, t, "UpdateJob", &glue.UpdateJobInput{JobName: &name, JobUpdate: u}); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
		remove: func(ctx context.Context, t *Target) error {
			_, err := glueCall[glue.DeleteJobOutput](ctx, t, "DeleteJob", &glue.DeleteJobInput{JobName: &name})
			return err
		},
	}
}
