package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

const kindJob = "glue.job"

// CreateJob stores a definition.
func (s *Service) CreateJob(ctx context.Context, in *glue.CreateJobInput) (*glue.CreateJobOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	job := &glue.Job{}
	if err := convert(in, job); err != nil {
		return nil, err
	}
	now := awsapi.Time{Time: s.o.Now()}
	job.CreatedOn, job.LastModifiedOn = &now, &now
	if err := complete(job); err != nil {
		return nil, err
	}
	err := s.o.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(kindJob, meta.Key{caller.Account, *job.Name}, job)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Job %s already exists.", *job.Name)
		}
		if err != nil {
			return err
		}
		return tags.Set(tx, tags.ARN(caller, "job", *job.Name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateJobOutput{Name: job.Name}, nil
}

// UpdateJob replaces a definition; only GlueVersion stays when it is not given.
func (s *Service) UpdateJob(ctx context.Context, in *glue.UpdateJobInput) (*glue.UpdateJobOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	err := s.o.Store.Update(ctx, func(tx meta.Tx) error {
		old, err := getJob(tx, caller.Account, *in.JobName)
		if err != nil {
			return err
		}
		job := &glue.Job{}
		if err := convert(in.JobUpdate, job); err != nil {
			return err
		}
		job.Name, job.CreatedOn = old.Name, old.CreatedOn
		job.LastModifiedOn = &awsapi.Time{Time: s.o.Now()}
		if job.GlueVersion == nil {
			job.GlueVersion = old.GlueVersion
		}
		if err := complete(job); err != nil {
			return err
		}
		return tx.Put(kindJob, meta.Key{caller.Account, *in.JobName}, job)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateJobOutput{JobName: in.JobName}, nil
}

// GetJob answers a definition.
func (s *Service) GetJob(ctx context.Context, in *glue.GetJobInput) (*glue.GetJobOutput, error) {
	out := &glue.GetJobOutput{}
	err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.Job, err = getJob(tx, awsapi.CallerFrom(ctx).Account, *in.JobName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetJobs lists definitions by name.
func (s *Service) GetJobs(ctx context.Context, in *glue.GetJobsInput) (*glue.GetJobsOutput, error) {
	out := &glue.GetJobsOutput{}
	err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		r := paging.Request{Of: []any{"GetJobs"}, Token: in.NextToken, Max: in.MaxResults, Default: 100}
		out.Jobs, out.NextToken, err = paging.List[glue.Job](tx, kindJob, meta.Key{awsapi.CallerFrom(ctx).Account}, r, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListJobs lists names, of those jobs that carry all the given tags.
func (s *Service) ListJobs(ctx context.Context, in *glue.ListJobsInput) (*glue.ListJobsOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	out := &glue.ListJobsOutput{JobNames: []string{}}
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		r := paging.Request{Of: []any{"ListJobs", in.Tags}, Token: in.NextToken, Max: in.MaxResults, Default: 100}
		jobs, next, err := paging.List(tx, kindJob, meta.Key{caller.Account}, r, func(k meta.Key, j *glue.Job) (bool, error) {
			if len(in.Tags) == 0 {
				return true, nil
			}
			have, err := tags.Get(tx, tags.ARN(caller, "job", k[1]))
			for name, value := range in.Tags {
				if got, ok := have[name]; !ok || got != value {
					return false, err
				}
			}
			return true, err
		})
		for _, j := range jobs {
			out.JobNames = append(out.JobNames, *j.Name)
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchGetJobs answers the definitions that exist, and the names that don't.
func (s *Service) BatchGetJobs(ctx context.Context, in *glue.BatchGetJobsInput) (*glue.BatchGetJobsOutput, error) {
	out := &glue.BatchGetJobsOutput{Jobs: []*glue.Job{}, JobsNotFound: []string{}}
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		for _, name := range in.JobNames {
			job, err := getJob(tx, awsapi.CallerFrom(ctx).Account, name)
			switch {
			case awsapi.IsCode(err, "EntityNotFoundException"):
				out.JobsNotFound = append(out.JobsNotFound, name)
			case err != nil:
				return err
			default:
				out.Jobs = append(out.Jobs, job)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteJob forgets a definition and its bookmark; the history of its runs stays. A job that isn't there is no error.
func (s *Service) DeleteJob(ctx context.Context, in *glue.DeleteJobInput) (*glue.DeleteJobOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	var job *glue.Job
	err := s.o.Store.Update(ctx, func(tx meta.Tx) (err error) {
		job, err = getJob(tx, caller.Account, *in.JobName)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			job = nil
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Delete(kindJob, meta.Key{caller.Account, *in.JobName}); err != nil {
			return err
		}
		return tags.Remove(tx, tags.ARN(caller, "job", *in.JobName))
	})
	if err != nil {
		return nil, err
	}
	if job != nil {
		if err := s.dropBookmark(ctx, job); err != nil {
			s.o.Log.Warn("bookmark of a deleted job stays", "job", *in.JobName, "error", err)
		}
	}
	return &glue.DeleteJobOutput{JobName: in.JobName}, nil
}

func getJob(tx meta.Tx, account, name string) (*glue.Job, error) {
	job := &glue.Job{}
	err := tx.Get(kindJob, meta.Key{account, name}, job)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Job %s not found.", name)
	}
	return job, err
}

// convert copies members of the same name between two of Glue's shapes.
func convert(from, to any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}

// complete checks a definition and fills in what AWS fills in.
func complete(job *glue.Job) error {
	if awsapi.Val(job.Role) == "" {
		return glue.InvalidInputException("A job needs a Role.")
	}
	if job.Command == nil || awsapi.Val(job.Command.Name) == "" {
		return glue.InvalidInputException("A job needs a Command with a Name: glueetl or pythonshell.")
	}
	name := *job.Command.Name
	switch name {
	case "glueetl", "pythonshell":
	case "gluestreaming", "glueray":
		return glue.InvalidInputException("Command %s is not available.", name).WithHint("Available are glueetl and pythonshell.")
	default:
		return glue.InvalidInputException("Unknown command %s.", name).WithHint("Available are glueetl and pythonshell.")
	}
	if loc := awsapi.Val(job.Command.ScriptLocation); loc == "" && len(job.CodeGenConfigurationNodes) == 0 {
		return glue.InvalidInputException("A job needs Command.ScriptLocation.")
	} else if loc != "" {
		if _, _, err := splitS3(loc); err != nil {
			return glue.InvalidInputException("Command.ScriptLocation: %s.", err)
		}
	}
	if job.GlueVersion == nil {
		job.GlueVersion = new("6.0")
	}
	if !slices.Contains(glueVersions, *job.GlueVersion) {
		return glue.InvalidInputException("Glue Version %s is not supported.", *job.GlueVersion).WithHint("Supported are %s.", strings.Join(glueVersions, ", "))
	}
	if v := awsapi.Val(job.Command.PythonVersion); v != "" && !slices.Contains(pythonVersions[name], v) {
		return glue.InvalidInputException("Python Version %s is not supported by Job Command %s.", v, name).WithHint("Supported are %s.", strings.Join(pythonVersions[name], ", "))
	}
	if job.JobMode == nil {
		job.JobMode = new("SCRIPT")
	}
	if job.ExecutionProperty == nil || job.ExecutionProperty.MaxConcurrentRuns == nil {
		job.ExecutionProperty = &glue.ExecutionProperty{MaxConcurrentRuns: new(int32(1))}
	}
	if n := *job.ExecutionProperty.MaxConcurrentRuns; n < 1 || n > 1000 {
		return glue.InvalidInputException("MaxConcurrentRuns is %d, it must be from 1 to 1000.", n)
	}
	if job.MaxRetries == nil {
		job.MaxRetries = new(int32(0))
	}
	if n := *job.MaxRetries; n < 0 || n > 10 {
		return glue.InvalidInputException("MaxRetries is %d, it must be from 0 to 10.", n)
	}
	if job.Timeout == nil {
		job.Timeout = new(defaultTimeout(*job.GlueVersion))
	}
	if err := checkTimeout(*job.Timeout); err != nil {
		return err
	}
	if name == "glueetl" && awsapi.Val(job.ExecutionClass) == "" {
		job.ExecutionClass = new(glue.ExecutionClassStandard)
	}
	if err := checkClass(name, *job.GlueVersion, awsapi.Val(job.ExecutionClass)); err != nil {
		return err
	}
	if err := checkArguments(job.DefaultArguments, job.NonOverridableArguments); err != nil {
		return err
	}
	return size(name, &job.WorkerType, &job.NumberOfWorkers, &job.MaxCapacity, &job.AllocatedCapacity)
}

var glueVersions = []string{"0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0"}

var pythonVersions = map[string][]string{"glueetl": {"2", "3"}, "pythonshell": {"2", "3", "3.6", "3.9"}}

func checkTimeout(minutes int32) error {
	if minutes < 1 || minutes > 10080 {
		return glue.InvalidInputException("Timeout is %d minutes, it must be from 1 to 10080.", minutes)
	}
	return nil
}

// checkClass refuses FLEX where AWS does: it is for Spark jobs from version 3 on.
func checkClass(command, version, class string) error {
	if class != glue.ExecutionClassFlex {
		return nil
	}
	if command != "glueetl" {
		return glue.InvalidInputException("Execution Class FLEX is not supported for Job Command %s.", command)
	}
	if major(version) < 3 {
		return glue.InvalidInputException("Execution Class FLEX is not supported for Glue Version %s.", version).WithHint("It needs 3.0 or later.")
	}
	return nil
}

func defaultTimeout(version string) int32 {
	if major(version) >= 5 {
		return 480
	}
	return 2880
}

func major(version string) int {
	var n int
	fmt.Sscanf(version, "%d", &n)
	return n
}

// dpu is what a worker counts.
var dpu = map[string]float64{
	"Standard": 1, "G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16,
	"R.1X": 1, "R.2X": 2, "R.4X": 4, "R.8X": 8, "Z.2X": 2,
}

// size settles capacity: workers, or a number of DPUs, never both.
func size(command string, kind **string, workers **int32, capacity **float64, allocated **int32) error {
	if *kind != nil && *capacity != nil {
		return glue.InvalidInputException("Please do not set Max Capacity if using Worker Type and Number of Workers.")
	}
	if command == "pythonshell" {
		if *kind != nil || *workers != nil {
			return glue.InvalidInputException("Worker Type is not supported for Job Command pythonshell.").WithHint("Set MaxCapacity to 0.0625 or 1.")
		}
		if *capacity == nil {
			*capacity = new(0.0625)
		}
		if c := **capacity; c != 0.0625 && c != 1 {
			return glue.InvalidInputException("MaxCapacity of a Python shell job is 0.0625 or 1, not %g.", c)
		}
		*allocated = new(int32(**capacity))
		return nil
	}
	if *kind != nil {
		each, ok := dpu[**kind]
		if !ok {
			return glue.InvalidInputException("Unknown Worker Type %s.", **kind).WithHint("Known are %s.", strings.Join(sortedKeys(dpu), ", "))
		}
		if *workers == nil {
			*workers = new(int32(10))
		}
		if n := **workers; n < 2 {
			return glue.InvalidInputException("The minimum number of workers is 2, not %d.", n)
		}
		total := each * float64(**workers)
		*capacity, *allocated = new(total), new(int32(total))
		return nil
	}
	if *workers != nil {
		return glue.InvalidInputException("Number of Workers needs a Worker Type.").WithHint("Known are %s.", strings.Join(sortedKeys(dpu), ", "))
	}
	if *capacity == nil {
		*capacity = new(10.0)
		if *allocated != nil {
			*capacity = new(float64(**allocated))
		}
	}
	if c := **capacity; c < 2 {
		return glue.InvalidInputException("MaxCapacity of a Spark job is at least 2, not %g.", c)
	}
	*allocated = new(int32(**capacity))
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// splitS3 is the bucket and key of s3://bucket/key.
func splitS3(url string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	if !ok {
		rest, ok = strings.CutPrefix(url, "s3a://")
	}
	bucket, key, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%q is not an S3 address such as s3://bucket/key", url)
	}
	return bucket, key, nil
}
