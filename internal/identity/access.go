package identity

import (
	"fmt"
	"reflect"
	"strings"

	"tarn/internal/awsapi"
)

// s3Actions are the operations whose IAM action is not named as they are, or is
// on the bucket rather than the object.
// Source: "Actions, resources, and condition keys for Amazon S3", Service
// Authorization Reference.
var s3Actions = map[string]string{
	"HeadObject": "GetObject", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket", "HeadBucket": "ListBucket",
	"ListBuckets": "ListAllMyBuckets", "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject",
	"ListParts": "ListMultipartUploadParts", "ListMultipartUploads": "ListBucketMultipartUploads",
	"ListObjectVersions": "ListBucketVersions", "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
	"PutBucketLifecycleConfiguration": "PutLifecycleConfiguration", "GetBucketEncryption": "GetEncryptionConfiguration",
	"PutBucketEncryption": "PutEncryptionConfiguration", "GetBucketNotificationConfiguration": "GetBucketNotification",
	"PutBucketNotificationConfiguration": "PutBucketNotification", "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
	"PutPublicAccessBlock": "PutBucketPublicAccessBlock", "GetBucketCors": "GetBucketCORS", "PutBucketCors": "PutBucketCORS",
	"DeleteBucketTagging": "PutBucketTagging", "SelectObjectContent": "GetObject",
	"GetBucketLifecycle": "GetLifecycleConfiguration", "PutBucketLifecycle": "PutLifecycleConfiguration", // the older forms, on the same path
}

// s3Keys are the members of S3's inputs that are keys of conditions.
var s3Keys = map[string]string{
	"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys", "s3:versionid": "VersionId", "s3:x-amz-acl": "ACL",
	"s3:x-amz-copy-source": "CopySource", "s3:x-amz-metadata-directive": "MetadataDirective", "s3:x-amz-storage-class": "StorageClass",
	"s3:x-amz-server-side-encryption": "ServerSideEncryption", "s3:if-match": "IfMatch", "s3:if-none-match": "IfNoneMatch",
}

// S3Access is what an S3 operation needs.
func S3Access(_ awsapi.Caller, op string, in any) []awsapi.Access {
	bucket, key := member(in, "Bucket"), member(in, "Key")
	action := op
	if a, ok := s3Actions[op]; ok {
		action = a
	}
	resource := "*"
	if bucket != "" {
		resource = "arn:aws:s3:::" + bucket
		if key != "" {
			resource += "/" + key
		}
	}
	keys := func(key string) (string, bool) {
		v := field(reflect.ValueOf(in), s3Keys[key])
		if !v.IsValid() || v.Kind() != reflect.Pointer || v.IsNil() {
			return "", false
		}
		return fmt.Sprint(v.Elem().Interface()), true
	}
	switch op {
	case "CopyObject", "UploadPartCopy": // the source is checked where it is read
		action = "PutObject"
	case "DeleteObjects": // each key is checked by itself, and refused by itself
		return nil
	case "GetObjectAttributes":
		return []awsapi.Access{{Action: "s3:GetObject", Resource: resource, Keys: keys}, {Action: "s3:GetObjectAttributes", Resource: resource, Keys: keys}}
	}
	needs := []awsapi.Access{{Action: "s3:" + action, Resource: resource, Keys: keys}}
	switch op {
	case "PutObject", "CreateMultipartUpload", "CopyObject":
		if member(in, "Tagging") != "" && (op != "CopyObject" || member(in, "TaggingDirective") == "REPLACE") {
			needs = append(needs, awsapi.Access{Action: "s3:PutObjectTagging", Resource: resource, Keys: keys})
		}
	}
	return needs
}

// glueKinds are named resources of Glue besides the catalog's, by the member that names them.
var glueKinds = []struct{ word, kind string }{
	{"Crawler", "crawler"}, {"Crawl", "crawler"}, {"Trigger", "trigger"}, {"Workflow", "workflow"}, {"JobRun", "job"}, {"JobBookmark", "job"}, {"Job", "job"},
	{"DataQualityRuleset", "dataQualityRuleset"}, {"Session", "session"}, {"Blueprint", "blueprint"},
}

// GlueAccess is what a Glue operation needs. The catalog's operations need their
// action on the catalog, the database and the table, as on AWS; whoever hands a
// role to a job or crawler needs iam:PassRole on it.
func GlueAccess(c awsapi.Caller, op string, in any) []awsapi.Access {
	action := "glue:" + op
	base := fmt.Sprintf("arn:aws:glue:%s:%s:", c.Region, c.Account)
	on := func(names ...string) []awsapi.Access {
		var out []awsapi.Access
		for _, n := range names {
			out = append(out, awsapi.Access{Action: action, Resource: base + n})
		}
		return out
	}
	if kind, name := tableOf(op, in); kind != "" {
		db := strings.ToLower(or(member(in, "DatabaseName"), member(deepAny(in, "DatabaseInput"), "Name")))
		if kind == "database" {
			db = strings.ToLower(or(name, db))
			return on("catalog", "database/"+or(db, "*"))
		}
		if name == "" {
			name = "*"
		}
		return on("catalog", "database/"+or(db, "*"), "table/"+or(db, "*")+"/"+strings.ToLower(name))
	}
	if strings.Contains(op, "Connection") {
		name := or(or(member(in, "Name"), member(in, "ConnectionName")), member(deepAny(in, "ConnectionInput"), "Name"))
		return on("catalog", "connection/"+or(name, "*"))
	}
	if op == "GetCatalogImportStatus" {
		return on("catalog")
	}
	if op == "GetTags" || op == "TagResource" || op == "UntagResource" {
		return []awsapi.Access{{Action: action, Resource: or(member(in, "ResourceArn"), "*")}}
	}
	needs := []awsapi.Access{{Action: action, Resource: "*"}}
	for _, k := range glueKinds {
		if strings.Contains(op, k.word) {
			if name := or(or(member(in, "Name"), member(in, k.word+"Name")), or(member(in, "JobName"), member(in, "CrawlerName"))); name != "" {
				needs = on(k.kind + "/" + name)
			}
			break
		}
	}
	role := or(member(in, "Role"), member(deepAny(in, "JobUpdate"), "Role"))
	if role != "" {
		if !strings.HasPrefix(role, "arn:") {
			role = "arn:aws:iam::" + c.Account + ":role/" + role
		}
		needs = append(needs, awsapi.Access{Action: "iam:PassRole", Resource: role})
	}
	return needs
}

// tableOf tells whether an operation is on a database or a table, and its name.
func tableOf(op string, in any) (kind, name string) {
	switch op {
	case "CreateDatabase", "GetDatabase", "UpdateDatabase", "DeleteDatabase":
		return "database", or(member(in, "Name"), member(deepAny(in, "DatabaseInput"), "Name"))
	case "GetDatabases":
		return "database", "*"
	case "CreateTable", "UpdateTable":
		return "table", or(member(in, "Name"), member(deepAny(in, "TableInput"), "Name"))
	case "GetTable", "DeleteTable":
		return "table", member(in, "Name")
	case "GetTables", "SearchTables", "BatchDeleteTable":
		return "table", "*"
	case "GetTableVersion", "GetTableVersions", "DeleteTableVersion", "BatchDeleteTableVersion":
		return "table", member(in, "TableName")
	case "GetUserDefinedFunction", "GetUserDefinedFunctions", "CreateUserDefinedFunction", "DeleteUserDefinedFunction", "UpdateUserDefinedFunction":
		return "database", member(in, "DatabaseName")
	}
	if strings.Contains(op, "Partition") || strings.Contains(op, "ColumnStatistics") {
		return "table", member(in, "TableName")
	}
	return "", ""
}

// RedshiftDataAccess adds, where an input names a user of the warehouse, the
// right to log in as that user, as AWS does.
func RedshiftDataAccess(c awsapi.Caller, op string, in any) []awsapi.Access {
	needs := []awsapi.Access{{Action: "redshift-data:" + op, Resource: "*"}}
	if user := member(in, "DbUser"); user != "" {
		cluster := or(member(in, "ClusterIdentifier"), "*")
		needs = append(needs, awsapi.Access{Action: "redshift:GetClusterCredentials", Resource: fmt.Sprintf("arn:aws:redshift:%s:%s:dbuser:%s/%s", c.Region, c.Account, cluster, user)})
	}
	return needs
}

// LogsAccess is what an operation of CloudWatch Logs needs: its action on a
// stream, whose name is empty where the group as a whole is meant, as AWS
// writes it in its refusals. "log-group:NAME:*" in a policy allows both.
func LogsAccess(c awsapi.Caller, op string, in any) []awsapi.Access {
	group := member(in, "LogGroupName")
	if _, name, ok := strings.Cut(member(in, "LogGroupIdentifier"), ":log-group:"); ok && group == "" {
		group = strings.TrimSuffix(name, ":*")
	}
	group = or(group, member(in, "LogGroupIdentifier"))
	return []awsapi.Access{{Action: "logs:" + op, Resource: fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s:log-stream:%s", c.Region, c.Account, group, member(in, "LogStreamName"))}}
}

// STSAccess lets everyone ask who they are, as AWS does.
func STSAccess(_ awsapi.Caller, op string, in any) []awsapi.Access {
	switch op {
	case "GetCallerIdentity":
		return nil
	case "AssumeRole":
		return []awsapi.Access{{Action: "sts:AssumeRole", Resource: or(member(in, "RoleArn"), "*")}}
	}
	return []awsapi.Access{{Action: "sts:" + op, Resource: "*"}}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// member is the text of a string member, or "".
func member(in any, name string) string {
	v := field(reflect.ValueOf(in), name)
	if v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.String {
		return v.Elem().String()
	}
	return ""
}

func field(v reflect.Value, name string) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v.FieldByName(name)
}

func deepAny(in any, name string) any {
	if v := field(reflect.ValueOf(in), name); v.IsValid() {
		return v.Interface()
	}
	return nil
}
