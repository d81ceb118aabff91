package main

import (
	"errors"

	"tarn/internal/pipeline"
)

// generators are the scripts of steps that run natively here and as Python on AWS.
func generators() pipeline.Generators {
	return pipeline.Generators{
		SQL:  func(pipeline.SQLJob) (string, error) { return "", errors.New("SQL jobs are not built yet") },
		Load: func(pipeline.LoadJob) (string, error) { return "", errors.New("loads are not built yet") },
	}
}
