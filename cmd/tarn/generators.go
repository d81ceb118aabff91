package main

import (
	"tarn/internal/glue/job/sqljob"
	"tarn/internal/pipeline"
)

// generators make the scripts of steps that run natively here and as Python on AWS.
func generators() pipeline.Generators {
	return pipeline.Generators{
		SQL: func(j pipeline.SQLJob) (string, error) {
			return sqljob.Script(sqljob.Spec{
				Project: j.Project, Name: j.Name, File: j.File, Query: j.Query, Database: j.Database, RawDatabase: j.RawDatabase,
				Table: j.Name, Location: "s3://" + j.Bucket + "/curated/" + j.Name + "/", Partition: j.Partition, Keys: j.Keys,
			})
		},
		Load: func(j pipeline.LoadJob) (string, error) {
			return sqljob.LoadScript(sqljob.LoadSpec{
				Project: j.Project, Table: j.Table, Schema: j.Schema, ExternalSchema: j.ExternalSchema, Dist: j.Dist, Sort: j.Sort, DataSets: j.DataSets,
			})
		},
	}
}
