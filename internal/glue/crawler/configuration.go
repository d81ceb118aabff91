package crawler

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"tarn/api/glue"
)

// configuration is the JSON text of a crawler's Configuration.
type configuration struct {
	inherit     bool // partitions take the table's schema
	merge       bool // tables only gain columns
	combine     bool // one table for each include path
	level       int  // depth of the tables, the bucket being 1; 0 = not given
	threshold   int  // the most tables; 0 = any number
	createIndex bool
}

// Known keys, and the keys and values below them.
var configurationKeys = map[string][]string{
	"":                         {"Version", "CrawlerOutput", "Grouping", "CreatePartitionIndex"},
	"CrawlerOutput":            {"Partitions", "Tables"},
	"CrawlerOutput.Partitions": {"AddOrUpdateBehavior"},
	"CrawlerOutput.Tables":     {"AddOrUpdateBehavior", "TableThreshold"},
	"Grouping":                 {"TableGroupingPolicy", "TableLevelConfiguration"},
}

func parseConfiguration(text string) (configuration, error) {
	// A new crawler's partitions inherit: a partition that keeps an old schema is what readers stumble over most.
	c := configuration{inherit: true, createIndex: true}
	if strings.TrimSpace(text) == "" {
		return c, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return c, glue.InvalidInputException("Configuration is not valid JSON: %v.", err)
	}
	if v := bytes.TrimSpace(raw["Version"]); len(v) > 0 && string(v) != "1.0" && string(v) != "1" {
		return c, glue.InvalidInputException("Configuration has the unsupported version %s; 1.0 is supported.", v)
	}
	top, err := section("", raw)
	if err != nil {
		return c, err
	}
	output, err := subsection("CrawlerOutput", top["CrawlerOutput"])
	if err != nil {
		return c, err
	}
	partitions, err := subsection("CrawlerOutput.Partitions", output["Partitions"])
	if err != nil {
		return c, err
	}
	tables, err := subsection("CrawlerOutput.Tables", output["Tables"])
	if err != nil {
		return c, err
	}
	grouping, err := subsection("Grouping", top["Grouping"])
	if err != nil {
		return c, err
	}
	if c.inherit, err = choice("CrawlerOutput.Partitions.AddOrUpdateBehavior", partitions["AddOrUpdateBehavior"], "InheritFromTable", true); err != nil {
		return c, err
	}
	if c.merge, err = choice("CrawlerOutput.Tables.AddOrUpdateBehavior", tables["AddOrUpdateBehavior"], "MergeNewColumns", false); err != nil {
		return c, err
	}
	if c.combine, err = choice("Grouping.TableGroupingPolicy", grouping["TableGroupingPolicy"], "CombineCompatibleSchemas", false); err != nil {
		return c, err
	}
	if c.level, err = positive("Grouping.TableLevelConfiguration", grouping["TableLevelConfiguration"]); err != nil {
		return c, err
	}
	if c.threshold, err = positive("CrawlerOutput.Tables.TableThreshold", tables["TableThreshold"]); err != nil {
		return c, err
	}
	if v := top["CreatePartitionIndex"]; v != nil {
		if err := json.Unmarshal(v, &c.createIndex); err != nil {
			return c, glue.InvalidInputException("CreatePartitionIndex must be true or false, not %s.", v)
		}
	}
	return c, nil
}

func section(name string, raw map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	var bad []string
	for k := range raw {
		if !slices.Contains(configurationKeys[name], k) {
			bad = append(bad, k)
		}
	}
	if len(bad) == 0 {
		return raw, nil
	}
	slices.Sort(bad)
	if name == "" {
		name = "Configuration"
	}
	return nil, glue.InvalidInputException("%s contains unsupported keys: %s.", name, strings.Join(bad, ", "))
}

func subsection(name string, raw json.RawMessage) (map[string]json.RawMessage, error) {
	if raw == nil {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, glue.InvalidInputException("%s must be an object, not %s.", name, raw)
	}
	return section(name, m)
}

func choice(name string, raw json.RawMessage, value string, absent bool) (bool, error) {
	if raw == nil {
		return absent, nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || s != value {
		return false, glue.InvalidInputException("%s has the unsupported value %s; %s is supported.", name, raw, value)
	}
	return true, nil
}

func positive(name string, raw json.RawMessage) (int, error) {
	if raw == nil {
		return 0, nil
	}
	var n int
	if err := json.Unmarshal(raw, &n); err != nil || n < 1 {
		return 0, glue.InvalidInputException("%s must be a positive number, not %s.", name, raw)
	}
	return n, nil
}
