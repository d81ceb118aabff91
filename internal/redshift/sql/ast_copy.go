package sql

type (
	// CopyStmt is COPY t FROM. What an option means is the warehouse's business; the parser checks its shape.
	CopyStmt struct {
		Span
		Table   QName
		Columns []Ident
		From    string
		FromPos int
		Auth    CopyAuth
		Format  string // "", "csv", "parquet", "json", "avro", "orc", "fixedwidth", "delimiter" is not a format
		// FormatArg is the string after JSON, AVRO, FIXEDWIDTH: 'auto', jsonpaths, widths.
		FormatArg string
		Options   []CopyOption
	}
	// UnloadStmt is UNLOAD ('query') TO. Query is parsed from the string.
	UnloadStmt struct {
		Span
		QueryText   string
		Query       *SelectStmt
		To          string
		Auth        CopyAuth
		Format      string // "", "csv", "parquet", "json"
		PartitionBy []Ident
		Include     bool // PARTITION BY ... INCLUDE
		Options     []CopyOption
	}
	// CopyAuth is how COPY and UNLOAD reach the objects.
	CopyAuth struct {
		Pos             int
		IAMRole         string // an ARN list, "default", or ""
		AccessKeyID     string
		SecretAccessKey string
		SessionToken    string
		MasterKey       string
	}
	// CopyOption is one option: Name is the upper-case word(s) ("IGNOREHEADER", "NULL AS" is "NULL"); Value its argument
	// as text, HasValue false for a bare word. Args holds several values (COMPUPDATE PRESET: Value "PRESET").
	CopyOption struct {
		Name     string
		Value    string
		HasValue bool
		Pos      int
	}
)

// Option finds an option by its upper-case name.
func (s *CopyStmt) Option(name string) (CopyOption, bool) { return findOption(s.Options, name) }

// Option finds an option by its upper-case name.
func (s *UnloadStmt) Option(name string) (CopyOption, bool) { return findOption(s.Options, name) }

func findOption(opts []CopyOption, name string) (CopyOption, bool) {
	for _, o := range opts {
		if o.Name == name {
			return o, true
		}
	}
	return CopyOption{}, false
}

func (*CopyStmt) Tag() string   { return "COPY" }
func (*UnloadStmt) Tag() string { return "UNLOAD" }
