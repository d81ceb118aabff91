package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

// The part of the public API models ("service-2.json") that the generator reads.
type model struct {
	Metadata   metadata              `json:"metadata"`
	Operations map[string]*operation `json:"operations"`
	Shapes     map[string]*shape     `json:"shapes"`
}

type metadata struct {
	Protocol       string `json:"protocol"`
	JSONVersion    string `json:"jsonVersion"`
	TargetPrefix   string `json:"targetPrefix"`
	SigningName    string `json:"signingName"`
	EndpointPrefix string `json:"endpointPrefix"`
	APIVersion     string `json:"apiVersion"`
	ServiceID      string `json:"serviceId"`
	XMLNamespace   string `json:"xmlNamespace"`
}

type operation struct {
	Name string `json:"name"`
	HTTP struct {
		Method       string `json:"method"`
		RequestURI   string `json:"requestUri"`
		ResponseCode int    `json:"responseCode"`
	} `json:"http"`
	Input    *ref  `json:"input"`
	Output   *ref  `json:"output"`
	Errors   []ref `json:"errors"`
	AuthType string
}

type ref struct {
	Shape         string      `json:"shape"`
	LocationName  string      `json:"locationName"`
	ResultWrapper string      `json:"resultWrapper"`
	XMLNamespace  *xmlNS      `json:"xmlNamespace"`
	Location      string      `json:"location"`
	Flattened     bool        `json:"flattened"`
	Streaming     bool        `json:"streaming"`
	XMLAttribute  bool        `json:"xmlAttribute"`
	TimeFormat    string      `json:"timestampFormat"`
	Document      bool        `json:"-"`
	Context       interface{} `json:"contextParam"`
}

type xmlNS struct {
	URI    string `json:"uri"`
	Prefix string `json:"prefix"`
}

type shape struct {
	Type        string   `json:"type"`
	Required    []string `json:"required"`
	Members     members  `json:"members"`
	Member      *ref     `json:"member"`
	Key         *ref     `json:"key"`
	Value       *ref     `json:"value"`
	Enum        []string `json:"enum"`
	Min         *float64 `json:"min"`
	Max         *float64 `json:"max"`
	Pattern     string   `json:"pattern"`
	Payload     string   `json:"payload"`
	Flattened   bool     `json:"flattened"`
	Exception   bool     `json:"exception"`
	Fault       bool     `json:"fault"`
	Document    bool     `json:"document"`
	EventStream bool     `json:"eventstream"`
	Union       bool     `json:"union"`
	TimeFormat  string   `json:"timestampFormat"`
	Error       *struct {
		Code       string `json:"code"`
		HTTPStatus int    `json:"httpStatusCode"`
	} `json:"error"`
	LocationName string `json:"locationName"`
}

// members keeps a structure's members in the model's own order.
type members []member

type member struct {
	Name string
	ref
}

func (m *members) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		mem := member{Name: name.(string)}
		if err := dec.Decode(&mem.ref); err != nil {
			return err
		}
		*m = append(*m, mem)
	}
	return nil
}

// overlay holds our few departures from the public models.
type overlay struct {
	// Documents are structures that travel as raw JSON in the members of
	// DocumentsIn, so that what tarn does not know survives byte for byte. Their
	// typed form is generated as well.
	Documents   []string `json:"documents"`
	DocumentsIn []string `json:"documentsIn"`
	// Roots are the root elements of REST-XML answers, by operation, where the
	// model leaves them out; "-" where the only member is the root itself.
	Roots map[string]string `json:"roots"`
}

func load(dir, service string, patches map[string]overlay) (*model, error) {
	b, err := os.ReadFile(filepath.Join(dir, service, "service-2.json"))
	if err != nil {
		return nil, err
	}
	m := &model{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%s: %w", service, err)
	}
	raw := map[string]bool{}
	for _, s := range patches[service].Documents {
		raw[s] = true
	}
	for _, s := range patches[service].DocumentsIn {
		sh := m.Shapes[s]
		if sh == nil {
			return nil, fmt.Errorf("%s: overlay names shape %s, which the model lacks", service, s)
		}
		for i := range sh.Members {
			if raw[sh.Members[i].Shape] {
				sh.Members[i].Document = true
			}
		}
	}
	return m, nil
}

func (m *model) operationNames() []string {
	names := make([]string, 0, len(m.Operations))
	for n := range m.Operations {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// reachable lists the structures that operations (and the overlay's documents) refer to.
func (m *model) reachable(extra []string) []string {
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		s := m.Shapes[name]
		seen[name] = true
		for _, mem := range s.Members {
			if !mem.Document {
				visit(mem.Shape)
			}
		}
		for _, r := range []*ref{s.Member, s.Key, s.Value} {
			if r != nil {
				visit(r.Shape)
			}
		}
	}
	for _, o := range m.Operations {
		if o.Input != nil {
			visit(o.Input.Shape)
		}
		if o.Output != nil {
			visit(o.Output.Shape)
		}
	}
	for _, e := range extra {
		visit(e)
	}
	var out []string
	for n := range seen {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}
