// Package job keeps Glue's job definitions and carries out their runs.
//
// It owns the kinds "glue.job", "glue.job.run", "glue.job.active" and "glue.job.process", the states of a run, the
// environments that scripts run in (Python, Spark, and in catalog.scala and sessions.scala what keeps sessions of one
// Spark apart), the processes that run them, and the bookmarks' service side.
// It does not own the language of native steps, the catalog, or the lake: those come through the interfaces in
// service.go. A run's state is durable before it is acted on, so that a start after a kill knows what was going on.
package job
