package crawler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"tarn/api/glue"
	"tarn/internal/glue/crawler/classify"
	"tarn/internal/glue/crawler/schema"
)

const (
	textInput  = "org.apache.hadoop.mapred.TextInputFormat"
	textOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	lazySimple = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
	openCSV    = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
	openxJSON  = "org.openx.data.jsonserde.JsonSerDe"

	parquetInput  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
	parquetOutput = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
	parquetSerde  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
)

// shape is how a table's files are read: what all its partitions share.
type shape struct {
	format  format
	header  bool
	why     string // of header
	quoted  bool
	serde   string
	columns []schema.Field
}

// shapeOf merges what a table's files say.
func shapeOf(t *foundTable, warn func(string, ...any)) shape {
	files := allFiles(t)
	s := shape{format: commonFormat(files)}
	if s.format.classification == classify.CSVFormat {
		s.decideHeader(files, warn)
	}
	s.columns = named(s.merge(files))
	return s
}

// decideHeader lets the files vote on whether their first lines name the columns.
func (s *shape) decideHeader(files []*foundFile, warn func(string, ...any)) {
	var yes, no []*foundFile
	whyNot := ""
	for _, f := range files {
		c := f.result.CSV
		if c == nil {
			continue
		}
		s.quoted = s.quoted || c.Quoted
		if c.Serde != "" {
			s.serde = c.Serde
		}
		header, known, why := c.Header()
		switch {
		case !known:
		case header:
			if len(yes) == 0 {
				s.why = why
			}
			yes = append(yes, f)
		default:
			if len(no) == 0 {
				whyNot = why
			}
			no = append(no, f)
		}
	}
	s.header = len(yes) > len(no)
	if !s.header {
		s.why = whyNot
		for _, f := range yes {
			warn("The first line of %s looks like a header, those of %d other files do not: all are read as data", f.url(), len(no))
		}
		return
	}
	names := strings.Join(yes[0].result.CSV.First, "\x00")
	for _, f := range no {
		if strings.Join(f.result.CSV.First, "\x00") != names {
			warn("The first line of %s does not look like a header, those of %d other files do: it is skipped in all", f.url(), len(yes))
		}
	}
}

// merge is the columns of some files, in the order in which they are first seen.
func (s *shape) merge(files []*foundFile) []schema.Field {
	var all []schema.Field
	for _, f := range files {
		switch {
		case !formatOf(f).readsAs(s.format):
		case f.result.CSV != nil:
			all = schema.MergeFields(all, unique(f.result.CSV.Fields(s.header)))
		default:
			all = schema.MergeFields(all, f.result.Columns)
		}
	}
	return all
}

// unique gives a column that repeats an earlier one's name its own.
func unique(fields []schema.Field) []schema.Field {
	seen := make(map[string]bool, len(fields))
	for i := range fields {
		name := fields[i].Name
		for n := 2; seen[strings.ToLower(fields[i].Name)]; n++ {
			fields[i].Name = fmt.Sprintf("%s_%d", name, n)
		}
		seen[strings.ToLower(fields[i].Name)] = true
	}
	return fields
}

// named folds the names of columns.
func named(fields []schema.Field) []schema.Field {
	out := make([]schema.Field, len(fields))
	for i, f := range fields {
		out[i] = schema.Field{Name: strings.ToLower(f.Name), Type: f.Type}
	}
	return out
}

// otherOrder warns of CSV files whose columns come in another order than the table's, which readers go by.
func (s *shape) otherOrder(files []*foundFile, warn func(string, ...any)) {
	if s.format.classification != classify.CSVFormat || !s.header {
		return
	}
	for _, f := range files {
		if f.result.CSV == nil || !formatOf(f).readsAs(s.format) {
			continue
		}
		fields := named(unique(f.result.CSV.Fields(true)))
		for i, x := range fields {
			if i >= len(s.columns) || s.columns[i].Name != x.Name {
				warn("Found schemas don't match: column %d of %s is %s, of the table it is %s", i+1, f.url(), x.Name, s.columnAt(i))
				break
			}
		}
	}
}

func (s *shape) columnAt(i int) string {
	if i < len(s.columns) {
		return s.columns[i].Name
	}
	return "not there"
}

// figures are the statistics of some files.
type figures struct{ records, bytes, size, objects int64 }

func (s *shape) figures(files []*foundFile) figures {
	var g figures
	for _, f := range files {
		g.objects++
		g.size += f.Size
		g.records += f.result.Records
		g.bytes += f.result.Bytes
		if s.header && f.result.Records > 0 {
			g.records-- // its first line is none
		}
	}
	return g
}

// parameters are the crawler's own, of a table or partition.
func (s *shape) parameters(crawler string, g figures, exclusions []string) map[string]string {
	p := map[string]string{
		"classification":                   s.format.classification,
		"compressionType":                  s.format.compression,
		"typeOfData":                       "file",
		"CrawlerSchemaSerializerVersion":   "1.0",
		"CrawlerSchemaDeserializerVersion": "1.0",
		"UPDATED_BY_CRAWLER":               crawler,
		"recordCount":                      strconv.FormatInt(g.records, 10),
		"objectCount":                      strconv.FormatInt(g.objects, 10),
		"sizeKey":                          strconv.FormatInt(g.size, 10),
		"averageRecordSize":                "0",
	}
	if !s.format.known() {
		p["classification"], p["compressionType"] = classify.Unknown, "none"
	}
	if g.records > 0 {
		p["averageRecordSize"] = strconv.FormatInt(g.bytes/g.records, 10)
	}
	if s.format.classification == classify.CSVFormat {
		p["delimiter"] = s.format.delimiter
		p["columnsOrdered"] = "true"
		p["areColumnsQuoted"] = strconv.FormatBool(s.quoted)
		if s.header {
			p["skip.header.line.count"] = "1"
		}
	}
	if len(exclusions) > 0 {
		globs, _ := json.Marshal(exclusions) // strings always marshal
		p["exclusions"] = string(globs)
	}
	return p
}

// descriptor describes the files of a table or partition.
func (s *shape) descriptor(location string, columns []schema.Field, parameters map[string]string) *glue.StorageDescriptor {
	sd := &glue.StorageDescriptor{
		Columns: []*glue.Column{}, Location: &location, Compressed: new(s.format.known() && s.format.compression != "none"),
		NumberOfBuckets: new(int32(-1)), BucketColumns: []string{}, SortColumns: []*glue.Order{}, Parameters: parameters, StoredAsSubDirectories: new(false),
		SerdeInfo: &glue.SerDeInfo{Parameters: map[string]string{}},
	}
	for _, f := range columns {
		sd.Columns = append(sd.Columns, &glue.Column{Name: new(f.Name), Type: new(f.Type.String())})
	}
	info := sd.SerdeInfo
	switch s.format.classification {
	case classify.CSVFormat:
		sd.InputFormat, sd.OutputFormat = new(textInput), new(textOutput)
		// Lazy's readers elsewhere keep quotes as part of the value.
		if s.serde == glue.CsvSerdeOptionOpenCSVSerDe || s.quoted && s.serde != glue.CsvSerdeOptionLazySimpleSerDe {
			info.SerializationLibrary = new(openCSV)
			info.Parameters = map[string]string{"separatorChar": s.format.delimiter, "quoteChar": `"`, "escapeChar": `\`}
		} else {
			info.SerializationLibrary = new(lazySimple)
			info.Parameters = map[string]string{"field.delim": s.format.delimiter}
		}
	case classify.JSONFormat:
		sd.InputFormat, sd.OutputFormat, info.SerializationLibrary = new(textInput), new(textOutput), new(openxJSON)
		names := make([]string, len(columns))
		for i, f := range columns {
			names[i] = f.Name
		}
		info.Parameters["paths"] = strings.Join(names, ",")
	case classify.ParquetFormat:
		sd.InputFormat, sd.OutputFormat, info.SerializationLibrary = new(parquetInput), new(parquetOutput), new(parquetSerde)
		info.Parameters["serialization.format"] = "1"
	}
	return sd
}

// tableName folds a folder's or file's name into what a table may be called.
func tableName(prefix, base string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(base) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' {
			b.WriteRune(c)
		} else {
			b.WriteByte('_')
		}
	}
	name := strings.ToLower(prefix) + b.String()
	if name == "" {
		name = "_"
	}
	if len(name) > 128 {
		name = name[:128]
	}
	return name
}

// hashedName is the name when another location has taken the plain one.
func hashedName(name, location string) string {
	sum := sha256.Sum256([]byte(location))
	if len(name) > 95 {
		name = name[:95]
	}
	return name + "_" + hex.EncodeToString(sum[:16])
}

// sameLocation compares without the slash at the end, which some write and some do not.
func sameLocation(location string) string {
	return strings.TrimSuffix(strings.Replace(location, "s3a://", "s3://", 1), "/")
}

// below is the path of a key relative to a target.
func below(t target, key string) string {
	if t.prefix == "" {
		return key
	}
	if key == t.prefix {
		return path.Base(key)
	}
	return strings.TrimPrefix(key, t.prefix+"/")
}
