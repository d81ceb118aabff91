package job

import (
	"context"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Expect is told which jobs the caller's workflow will run soon: where one needs Spark, and Spark is installed, it starts while what
// comes before the job is still going on. It answers at once.
func (s *Service) Expect(caller awsapi.Caller, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.o.NoSpark {
		return
	}
	s.wg.Go(func() {
		if !s.needSpark(awsapi.WithCaller(s.ctx, caller), names) || !s.env.sparkInstalled() {
			return
		}
		if err := s.Prewarm(s.ctx, func(string) {}); err != nil && s.ctx.Err() == nil {
			// The job itself will try again, and say why.
			s.o.Log.Warn("Spark did not start ahead of its job", "error", err)
		}
	})
}

// needSpark tells whether one of the jobs is carried out by Spark: it is a Spark job, and its script no step that runs in process.
func (s *Service) needSpark(ctx context.Context, names []string) bool {
	account := awsapi.CallerFrom(ctx).Account
	for _, name := range names {
		var job *glue.Job
		err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
			job, err = getJob(tx, account, name)
			return err
		})
		if err != nil || *job.Command.Name != "glueetl" {
			continue
		}
		bucket, key, err := splitS3(awsapi.Val(job.Command.ScriptLocation))
		if err != nil {
			continue
		}
		script, err := s.o.Lake.ReadObject(ctx, bucket, key)
		if err == nil && (marker(script) == "" || s.o.Native == nil) {
			return true
		}
	}
	return false
}
