package identity

import (
	"encoding/json"
	"testing"

	"tarn/api/s3"
	"tarn/internal/awsapi"
)

// TestConditions evaluates one statement for a request of the user ana from 10.1.2.3 at noon.
func TestConditions(t *testing.T) {
	values := map[string]string{
		"aws:username": "ana", "aws:sourceip": "10.1.2.3", "aws:currenttime": "2026-11-25T12:00:00Z", "aws:securetransport": "false",
		"s3:prefix": "home/ana/x", "s3:max-keys": "10", "aws:principalarn": "arn:aws:iam::000000000000:role/etl",
	}
	lookup := func(key string) (string, bool) {
		v, ok := values[key]
		return v, ok
	}
	for condition, want := range map[string]bool{
		`{}`: true,
		`{"StringEquals":{"aws:username":"ana"}}`:                                        true,
		`{"StringEquals":{"AWS:UserName":["bob","ana"]}}`:                                true,
		`{"StringEquals":{"aws:username":"Ana"}}`:                                        false,
		`{"StringEqualsIgnoreCase":{"aws:username":"Ana"}}`:                              true,
		`{"StringEquals":{"aws:username":"a*"}}`:                                         false,
		`{"StringLike":{"aws:username":"a?a"}}`:                                          true,
		`{"StringNotLike":{"aws:username":["b*","c*"]}}`:                                 true,
		`{"StringNotLike":{"aws:username":["b*","a*"]}}`:                                 false,
		`{"StringNotEquals":{"aws:username":"bob"}}`:                                     true,
		`{"StringLike":{"s3:prefix":["home/${aws:username}/*"]}}`:                        true,
		`{"StringLike":{"s3:prefix":["home/${aws:userid}/*"]}}`:                          false,
		`{"StringLike":{"s3:prefix":["home/${aws:userid, 'ana'}/*"]}}`:                   true,
		`{"StringLike":{"s3:prefix":"home/*"},"StringEquals":{"aws:username":"bob"}}`:    false,
		`{"StringEquals":{"s3:delimiter":"/"}}`:                                          false,
		`{"StringEqualsIfExists":{"s3:delimiter":"/"}}`:                                  true,
		`{"StringNotEquals":{"s3:delimiter":"/"}}`:                                       true,
		`{"ForAllValues:StringEquals":{"s3:delimiter":"/"}}`:                             true,
		`{"ForAnyValue:StringEquals":{"aws:username":["ana"]}}`:                          true,
		`{"Null":{"s3:delimiter":"true"}}`:                                               true,
		`{"Null":{"aws:username":true}}`:                                                 false,
		`{"Null":{"aws:username":"false"}}`:                                              true,
		`{"IpAddress":{"aws:SourceIp":["192.168.0.0/16","10.0.0.0/8"]}}`:                 true,
		`{"IpAddress":{"aws:SourceIp":"10.1.2.4"}}`:                                      false,
		`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`:                                 false,
		`{"NumericLessThanEquals":{"s3:max-keys":10}}`:                                   true,
		`{"NumericLessThan":{"s3:max-keys":"10"}}`:                                       false,
		`{"NumericNotEquals":{"s3:max-keys":"9.5"}}`:                                     true,
		`{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}`:                 true,
		`{"DateLessThan":{"aws:CurrentTime":"2026-11-25"}}`:                              false,
		`{"Bool":{"aws:SecureTransport":false}}`:                                         true,
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`:                                 false,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}`:                         true,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/e*"}}`:                      true,
		`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::000000000000:role/other"}}`:      false,
		`{"ArnNotEquals":{"aws:PrincipalArn":["arn:aws:iam::000000000000:role/other"]}}`: true,
		`{"StringLike":{"s3:prefix":"home/${*}/*"}}`:                                     false,
	} {
		p, err := ParsePolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":` + condition + `}}`)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		if got := p.evaluate(awsapi.Access{Action: "s3:ListBucket", Resource: "arn:aws:s3:::lake"}, lookup) == allowed; got != want {
			t.Errorf("%s holds: %v, want %v", condition, got, want)
		}
	}
}

// TestVariables puts the caller's name into resources; what it holds is no wildcard.
func TestVariables(t *testing.T) {
	policy := func(version string) *Policy {
		p, err := ParsePolicy(`{"Version":"` + version + `","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::lake/home/${aws:username}/*"},
			{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::lake/home/${aws:username}/locked-${?}"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	as := func(name string) lookup {
		return func(key string) (string, bool) { return name, key == "aws:username" && name != "" }
	}
	for _, c := range []struct {
		version, name, key string
		want               verdict
	}{
		{variables, "ana", "home/ana/x", allowed},
		{variables, "ana", "home/bob/x", silent},
		{variables, "*", "home/bob/x", silent},
		{variables, "*", "home/*/x", allowed},
		{variables, "", "home//x", silent},
		{variables, "ana", "home/ana/locked-?", denied},
		{variables, "ana", "home/ana/locked-1", allowed},
		{"2008-10-17", "ana", "home/ana/x", silent},
		{"2008-10-17", "ana", "home/${aws:username}/x", allowed},
	} {
		if got := policy(c.version).evaluate(awsapi.Access{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/" + c.key}, as(c.name)); got != c.want {
			t.Errorf("version %s, user %q on %s: %v, want %v", c.version, c.name, c.key, got, c.want)
		}
	}
}

// TestS3Keys takes the values of a listing's and a write's conditions from their inputs.
func TestS3Keys(t *testing.T) {
	need := S3Access(awsapi.Caller{}, "ListObjectsV2", &s3.ListObjectsV2Input{Bucket: new("b"), Prefix: new("p/"), MaxKeys: new(int32(5))})[0]
	for key, want := range map[string]string{"s3:prefix": "p/", "s3:max-keys": "5", "s3:delimiter": "", "aws:username": ""} {
		if got, ok := need.Keys(key); got != want || ok != (want != "") {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	needs := S3Access(awsapi.Caller{}, "PutObject", &s3.PutObjectInput{Bucket: new("b"), Key: new("k"), Tagging: new("a=b"), StorageClass: new("STANDARD_IA")})
	if got, _ := needs[0].Keys("s3:x-amz-storage-class"); got != "STANDARD_IA" || len(needs) != 2 || needs[1].Action != "s3:PutObjectTagging" {
		t.Errorf("a write with tags needs %+v, class %q", needs, got)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::l/${aws:username}/*","Condition":{"StringLike":{"s3:prefix":["${", "*"]}}}]}`)
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":["iam:*"],"NotResource":"*","Condition":{"Null":{"aws:username":true}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		need := awsapi.Access{Action: "s3:GetObject", Resource: "arn:aws:s3:::l/k"}
		none := func(string) (string, bool) { return "", false }
		before := p.evaluate(need, none)
		b, err := json.Marshal(p) // as sessions keep it
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePolicy(string(b))
		if err != nil {
			t.Fatalf("%q became %s: %v", text, b, err)
		}
		if after := again.evaluate(need, none); after != before {
			t.Errorf("%q evaluates to %v, kept as %s to %v", text, before, b, after)
		}
	})
}
