package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tarn/api/glue"
	"tarn/api/s3"
	"tarn/internal/awsapi"
)

const (
	account  = "000000000000"
	bucket   = "flights-000000000000-us-east-1"
	database = "flights"
)

// flights gives a data folder in which the example has run once.
func (b *bench) flights(ctx context.Context) (data string, err error) {
	data = filepath.Join(b.work, "data")
	done := filepath.Join(b.work, "flights-ran")
	if _, err := os.Stat(done); err == nil {
		return data, nil
	}
	b.say("   preparing: the flights example runs once")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	// Spark's installation is shared with the end-to-end tests: it is large, and no part of what is measured.
	envs := filepath.Join(b.root, "build", "e2e", "envs")
	if err := os.MkdirAll(envs, 0o755); err != nil {
		return "", err
	}
	if err := os.Symlink(envs, filepath.Join(data, "envs")); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	project := filepath.Join(b.work, "flights")
	if err := os.RemoveAll(project); err != nil {
		return "", err
	}
	if err := os.CopyFS(project, os.DirFS(filepath.Join(b.root, "examples", "flights"))); err != nil {
		return "", err
	}
	p, err := b.up(ctx, data)
	if err != nil {
		return "", err
	}
	defer p.end(&err)
	if err := p.command(ctx, "apply", "-C", project); err != nil {
		return "", err
	}
	c, err := p.client()
	if err != nil {
		return "", err
	}
	airports, err := os.Open(filepath.Join(project, "pushed", "airports.csv"))
	if err != nil {
		return "", err
	}
	defer airports.Close()
	st, err := airports.Stat()
	if err != nil {
		return "", err
	}
	put := &s3.PutObjectInput{Bucket: new(bucket), Key: new("raw/airports/airports.csv"), Body: airports, ContentLength: new(st.Size())}
	if err := c.Do(ctx, s3.Model, "PutObject", put, &s3.PutObjectOutput{}); err != nil {
		return "", err
	}
	if err := p.command(ctx, "run", "-C", project); err != nil {
		return "", err
	}
	return data, os.WriteFile(done, nil, 0o600)
}

// role is the role that the example's jobs run as.
func role(ctx context.Context, c *awsapi.Client) (string, error) {
	var out glue.GetJobOutput
	if err := c.Do(ctx, glue.Model, "GetJob", &glue.GetJobInput{JobName: new("flights-delays")}, &out); err != nil {
		return "", err
	}
	return awsapi.Val(out.Job.Role), nil
}
