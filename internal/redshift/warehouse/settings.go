package warehouse

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaults are the settings that exist, and what they are unless set.
var defaults = map[string]string{
	"analyze_threshold_percent":               "10",
	"application_name":                        "",
	"bytea_output":                            "hex",
	"cast_super_null_on_error":                "on",
	"client_encoding":                         "UTF8",
	"client_min_messages":                     "notice",
	"datestyle":                               "ISO, MDY",
	"default_geometry_encoding":               "1",
	"default_transaction_isolation":           "serializable",
	"default_transaction_read_only":           "off",
	"describe_field_name_in_uppercase":        "off",
	"downcase_delimited_identifier":           "on",
	"enable_case_sensitive_identifier":        "false",
	"enable_case_sensitive_super_attribute":   "false",
	"enable_numeric_rounding":                 "off",
	"enable_result_cache_for_session":         "on",
	"enable_vacuum_boost":                     "false",
	"error_on_nondeterministic_update":        "false",
	"extra_float_digits":                      "0",
	"integer_datetimes":                       "on",
	"interval_forbid_composite_literals":      "off",
	"intervalstyle":                           "postgres",
	"json_parse_dedup_attributes":             "off",
	"json_parse_truncate_strings":             "off",
	"json_serialization_enable":               "off",
	"json_serialization_parse_nested_strings": "off",
	"max_concurrency_scaling_clusters":        "1",
	"max_cursor_result_set_size":              "0",
	"mv_enable_aqmv_for_session":              "true",
	"navigate_super_null_on_error":            "on",
	"parse_super_null_on_error":               "off",
	"query_group":                             "default",
	"search_path":                             `"$user", public`,
	"server_encoding":                         "UTF8",
	"server_version":                          "8.0.2",
	"session_authorization":                   "",
	"spectrum_query_maxerror":                 "-1",
	"standard_conforming_strings":             "off",
	"statement_timeout":                       "0",
	"stored_proc_log_min_messages":            "LOG",
	"timezone":                                "UTC",
	"transaction_isolation":                   "SERIALIZABLE",
	"transaction_read_only":                   "off",
	"use_fips_ssl":                            "false",
	"wlm_query_slot_count":                    "1",
}

// reported are the settings whose changes clients are told of, by the names they know.
var reported = map[string]string{
	"application_name": "application_name", "client_encoding": "client_encoding", "datestyle": "DateStyle",
	"standard_conforming_strings": "standard_conforming_strings", "timezone": "TimeZone",
	"session_authorization": "session_authorization",
}

// constant settings can be shown, not set.
var constant = map[string]bool{
	"integer_datetimes": true, "server_encoding": true, "server_version": true,
}

// settings are one session's. Changes inside a transaction are undone with it.
type settings struct {
	base  map[string]string // what RESET goes back to, where it is not the default
	set   map[string]string
	local map[string]string // for the rest of the transaction
	saved map[string]string // set, as it was when the transaction began
}

func newSettings(base map[string]string) *settings {
	return &settings{base: base, set: map[string]string{}, local: map[string]string{}}
}

func (s *settings) begin() { s.saved = maps.Clone(s.set) }

func (s *settings) end(committed bool) {
	if !committed && s.saved != nil {
		s.set = s.saved
	}
	s.saved = nil
	clear(s.local)
}

// get returns a setting; names with a dot are a session's own words.
func (s *settings) get(name string) (string, bool) {
	for _, m := range []map[string]string{s.local, s.set, s.base, defaults} {
		if v, ok := m[name]; ok {
			return v, true
		}
	}
	return "", false
}

func (s *settings) value(name string) string {
	v, _ := s.get(name)
	return v
}

func (s *settings) on(name string) bool {
	b, _ := boolean(s.value(name))
	return b
}

// change sets a setting, or puts it back where value is nil.
func (s *settings) change(name string, value *string, local bool) error {
	if _, known := defaults[name]; !known && !strings.Contains(name, ".") {
		return fail("42704", "unrecognized configuration parameter %q", name)
	}
	if constant[name] {
		return fail("55P02", "parameter %q cannot be changed", name)
	}
	if value == nil {
		delete(s.set, name)
		delete(s.local, name)
		return nil
	}
	v, err := check(name, *value)
	if err != nil {
		return err
	}
	if local {
		s.local[name] = v
		return nil
	}
	delete(s.local, name)
	s.set[name] = v
	return nil
}

func (s *settings) reset() {
	clear(s.set)
	clear(s.local)
}

// names lists all settings in order.
func (s *settings) names() []string {
	all := maps.Clone(defaults)
	for _, m := range []map[string]string{s.base, s.set, s.local} {
		maps.Copy(all, m)
	}
	return slices.Sorted(maps.Keys(all))
}

// check says whether a value suits its setting, and gives the form that is kept.
func check(name, value string) (string, error) {
	bad := fail("22023", "invalid value for parameter %q: %q", name, value)
	switch name {
	case "timezone":
		loc, err := location(value)
		if err != nil {
			return "", bad
		}
		return loc.String(), nil
	case "client_encoding":
		switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(value)) {
		case "utf8", "unicode":
			return "UTF8", nil
		}
		bad.Hint = "only UTF8 is supported"
		return "", bad
	case "datestyle":
		for part := range strings.SplitSeq(value, ",") {
			switch strings.ToLower(strings.TrimSpace(part)) {
			case "iso", "mdy", "us", "noneuro", "noneuropean":
			default:
				bad.Hint = "only ISO, MDY is supported"
				return "", bad
			}
		}
		return "ISO, MDY", nil
	case "statement_timeout", "wlm_query_slot_count", "extra_float_digits", "analyze_threshold_percent":
		n, err := strconv.Atoi(value)
		if err != nil || name != "extra_float_digits" && n < 0 || name == "extra_float_digits" && (n < -15 || n > 3) {
			return "", bad
		}
		return strconv.Itoa(n), nil
	case "default_transaction_isolation", "transaction_isolation":
		switch strings.ToLower(value) {
		case "serializable", "repeatable read", "read committed", "read uncommitted", "snapshot":
			return strings.ToUpper(value), nil
		}
		return "", bad
	case "search_path", "application_name", "query_group", "session_authorization":
		return value, nil
	}
	switch defaults[name] {
	case "on", "off", "true", "false":
		b, ok := boolean(value)
		if !ok {
			return "", bad
		}
		if d := defaults[name]; d == "on" || d == "off" {
			return map[bool]string{true: "on", false: "off"}[b], nil
		}
		return strconv.FormatBool(b), nil
	}
	return value, nil
}

func boolean(v string) (value, ok bool) {
	switch strings.ToLower(v) {
	case "on", "true", "t", "yes", "y", "1":
		return true, true
	case "off", "false", "f", "no", "n", "0":
		return false, true
	}
	return false, false
}

// location finds a time zone by its name or as hours from UTC, which PostgreSQL counts west when
// they follow letters and east when bare.
func location(name string) (*time.Location, error) {
	if name == "" || strings.EqualFold(name, "default") || strings.EqualFold(name, "utc") {
		return time.UTC, nil
	}
	if hours, err := strconv.ParseFloat(name, 64); err == nil && hours >= -14 && hours <= 14 {
		return time.FixedZone(name, int(hours*3600)), nil
	}
	if strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("no time zone %q", name)
	}
	return time.LoadLocation(name)
}

// path is the search path: the schemas in which unqualified names are looked up.
func (s *settings) path(user string) []string {
	var out []string
	for part := range strings.SplitSeq(s.value("search_path"), ",") {
		name := strings.TrimSpace(part)
		if strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) && len(name) > 1 {
			name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
		} else {
			name = strings.Trim(name, "'")
		}
		name = strings.ToLower(name)
		if name == "$user" {
			name = user
		}
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
