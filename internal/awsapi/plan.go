package awsapi

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"
)

// fieldPlan is a member of a shape, read once from its struct tags:
//
//	`json:"Name,omitzero" aws:"Shape,req,loc=header,name=x-amz-acl,flat,el=Tag,key=k,val=v,ts=rfc822,attr,payload,ns=uri"`
//
// The first word of `aws` names the shape whose constraints hold (may be
// empty); req marks a required member; loc is uri, querystring, header,
// headers (a map of prefixed headers) or statusCode; payload is the member that
// is the whole body; name is the name on the wire; flat, el, key, val, attr and
// ns are XML's; ts is the timestamp's format.
type fieldPlan struct {
	index    int
	name     string // the member's name, as errors and JSON say it
	wire     string // the name on the wire, for XML and locations
	header   string // wire as net/http keys it, for loc=header
	shape    string
	required bool
	loc      string
	payload  bool
	flat     bool
	attr     bool
	el       string
	key, val string
	ts       string
	ns       string
	typ      reflect.Type
	stream   bool
}

type structPlan struct {
	fields  []fieldPlan
	payload *fieldPlan
	located []*fieldPlan // the members that travel outside the body
	body    bool         // some member travels in the body
}

var plans sync.Map // reflect.Type -> *structPlan: a cache of pure functions of the type

var (
	timeType   = reflect.TypeOf(Time{})
	readerType = reflect.TypeOf((*io.Reader)(nil)).Elem()
	closerType = reflect.TypeOf((*io.ReadCloser)(nil)).Elem()
	docType    = reflect.TypeOf(Document(nil))
)

func planOf(t reflect.Type) *structPlan {
	if p, ok := plans.Load(t); ok {
		return p.(*structPlan)
	}
	p := &structPlan{}
	for i := range t.NumField() {
		sf := t.Field(i)
		f := fieldPlan{index: i, typ: sf.Type, name: sf.Name}
		if n, _, _ := strings.Cut(sf.Tag.Get("json"), ","); n != "" && n != "-" {
			f.name = n
		}
		f.wire = f.name
		for j, o := range strings.Split(sf.Tag.Get("aws"), ",") {
			if j == 0 {
				f.shape = o
				continue
			}
			k, v, _ := strings.Cut(o, "=")
			switch k {
			case "req":
				f.required = true
			case "loc":
				f.loc = v
			case "name":
				f.wire = v
			case "payload":
				f.payload = true
			case "flat":
				f.flat = true
			case "attr":
				f.attr = true
			case "el":
				f.el = v
			case "key":
				f.key = v
			case "val":
				f.val = v
			case "ts":
				f.ts = v
			case "ns":
				f.ns = v
			}
		}
		f.stream = sf.Type == readerType || sf.Type == closerType
		if f.loc == "header" {
			f.header = http.CanonicalHeaderKey(f.wire)
		}
		p.fields = append(p.fields, f)
		if f.loc == "" && !f.payload {
			p.body = true
		}
	}
	for i := range p.fields {
		f := &p.fields[i]
		if f.payload {
			p.payload = f
		}
		if f.loc != "" {
			p.located = append(p.located, f)
		}
	}
	actual, _ := plans.LoadOrStore(t, p)
	return actual.(*structPlan)
}

func timeOf(v reflect.Value) time.Time { return v.Interface().(Time).Time }
