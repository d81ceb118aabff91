package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/api/logs"
	"tarn/api/s3"
	"tarn/internal/awsapi"
)

// firstLine says when it runs, by the clock that this program uses too, and
// when Spark has first answered.
const firstLine = `import time
print("first", time.time_ns())
from awsglue.context import GlueContext
from pyspark.context import SparkContext
spark = GlueContext(SparkContext.getOrCreate()).spark_session
spark.range(10).count()
print("answer", time.time_ns())
`

// sparkJob measures from StartJobRun to the first line of the user's script, on a warm Spark.
func (b *bench) sparkJob(ctx context.Context) (out []figure, err error) {
	data, err := b.flights(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.up(ctx, data)
	if err != nil {
		return nil, err
	}
	defer p.end(&err)
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	key, name := ".tarn/first-line.py", "bench-first-line"
	script := &s3.PutObjectInput{Bucket: new(bucket), Key: &key, Body: strings.NewReader(firstLine), ContentLength: new(int64(len(firstLine)))}
	if err := c.Do(ctx, s3.Model, "PutObject", script, &s3.PutObjectOutput{}); err != nil {
		return nil, err
	}
	as, err := role(ctx, c)
	if err != nil {
		return nil, err
	}
	job := &glue.CreateJobInput{Name: &name, Role: &as, GlueVersion: new("6.0"), Command: &glue.JobCommand{Name: new("glueetl"), ScriptLocation: new("s3://" + bucket + "/" + key)}}
	if err := c.Do(ctx, glue.Model, "CreateJob", job, &glue.CreateJobOutput{}); err != nil && !awsapi.IsCode(err, "AlreadyExistsException") && !awsapi.IsCode(err, "IdempotentParameterMismatchException") {
		return nil, err
	}
	var first, answer, total []float64
	for i := range b.n + 1 {
		began := time.Now()
		run, err := runJob(ctx, c, name, 20*time.Millisecond)
		if err != nil {
			return nil, err
		}
		took := time.Since(began)
		if i == 0 { // it starts Spark
			b.say("   the first run, which starts Spark, took %.1f s", took.Seconds())
			continue
		}
		said, err := printed(ctx, c, awsapi.Val(run.LogGroupName)+"/output", awsapi.Val(run.Id))
		if err != nil {
			return nil, err
		}
		first = append(first, said["first"].Sub(began).Seconds())
		answer = append(answer, said["answer"].Sub(began).Seconds())
		total = append(total, took.Seconds())
	}
	line := of("spark", "StartJobRun to the script's first line, warm", "s", first)
	line.Target = 1.5
	return []figure{line, of("spark", "to Spark's first answer", "s", answer), of("spark", "to SUCCEEDED", "s", total)}, nil
}

// printed finds the times that the script printed.
func printed(ctx context.Context, c *awsapi.Client, group, stream string) (map[string]time.Time, error) {
	var out logs.GetLogEventsOutput
	if err := c.Do(ctx, logs.Model, "GetLogEvents", &logs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: new(true)}, &out); err != nil {
		return nil, err
	}
	said := map[string]time.Time{}
	for _, e := range out.Events {
		word, rest, _ := strings.Cut(strings.TrimSpace(awsapi.Val(e.Message)), " ")
		if ns, err := strconv.ParseInt(rest, 10, 64); err == nil {
			said[word] = time.Unix(0, ns)
		}
	}
	if len(said) != 2 {
		return nil, fmt.Errorf("the log %s of %s has no times", group, stream)
	}
	return said, nil
}
