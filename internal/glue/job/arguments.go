package job

import (
	"maps"
	"strings"

	"tarn/api/glue"
)

// reserved are the arguments that the service supplies; a user's copies are ignored.
var reserved = []string{"--JOB_NAME", "--JOB_ID", "--JOB_RUN_ID", "--WORKFLOW_NAME", "--WORKFLOW_RUN_ID"}

// effective are a run's arguments: the job's defaults, overridden by the run's own, overridden by what the job does
// not let be overridden.
func effective(job *glue.Job, own map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{job.DefaultArguments, own, job.NonOverridableArguments} {
		for k, v := range m {
			all[dashed(k)] = v
		}
	}
	for _, k := range reserved {
		delete(all, k)
	}
	return all
}

// insideWorkflow adds what tells a script which workflow's run it is part of; GetJobRun shows it too.
func insideWorkflow(own map[string]string, workflow, run string) map[string]string {
	if workflow == "" {
		return own
	}
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	all["--WORKFLOW_NAME"], all["--WORKFLOW_RUN_ID"] = workflow, run
	return all
}

// outsideWorkflow takes that off again, for a run that is repeated by hand.
func outsideWorkflow(own map[string]string) map[string]string {
	all := maps.Clone(own)
	delete(all, "--WORKFLOW_NAME")
	delete(all, "--WORKFLOW_RUN_ID")
	return all
}

func dashed(name string) string {
	if strings.HasPrefix(name, "--") {
		return name
	}
	return "--" + name
}

// argv is the command line that a script sees. The order is that of the names, so that it is always the same.
func argv(all map[string]string, supplied ...string) []string {
	line := []string{}
	for _, k := range sortedKeys(all) {
		line = append(line, k, all[k])
	}
	for i := 0; i+1 < len(supplied); i += 2 {
		if supplied[i+1] != "" {
			line = append(line, supplied[i], supplied[i+1])
		}
	}
	return line
}

// checkArguments refuses what AWS refuses.
func checkArguments(sets ...map[string]string) error {
	total := 0
	for _, m := range sets {
		for k, v := range maps.All(m) {
			total += len(k) + len(v)
		}
	}
	if total > 260<<10 {
		return glue.InvalidInputException("The job's arguments take %d bytes, at most 266240 are allowed.", total)
	}
	return nil
}
