"""Drives QuickSight's operations with boto3, and with the AWS CLI where it is installed."""
import json
import os
import shutil
import subprocess
import time
import unittest

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
ENDPOINT = os.environ["TARN_ENDPOINT"]


def client(who):
    return boto3.client("quicksight", endpoint_url=ENDPOINT, region_name="us-east-1", aws_access_key_id=os.environ[who + "_KEY"],
                        aws_secret_access_key=os.environ[who + "_SECRET"])


qs = client("ROOT")


class Clients(unittest.TestCase):
    def fails(self, code, status, call, **kwargs):
        with self.assertRaises(ClientError) as raised:
            call(AwsAccountId=ACCOUNT, **kwargs)
        response = raised.exception.response
        self.assertEqual((response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return response["Error"]["Message"]

    def test_1_data_source(self):
        made = qs.create_data_source(
            AwsAccountId=ACCOUNT, DataSourceId="clients", Name="Clients", Type="ATHENA", DataSourceParameters={"AthenaParameters": {"WorkGroup": "primary"}},
            Permissions=[{"Principal": f"arn:aws:quicksight:us-east-1:{ACCOUNT}:user/default/root", "Actions": ["quicksight:DescribeDataSource", "quicksight:PassDataSource"]}],
            Tags=[{"Key": "team", "Value": "data"}])
        self.assertEqual(made["Status"], 202)
        self.assertEqual(made["ResponseMetadata"]["HTTPStatusCode"], 202)
        self.assertTrue(made["RequestId"])
        source = qs.describe_data_source(AwsAccountId=ACCOUNT, DataSourceId="clients")["DataSource"]
        self.assertEqual(source["Status"], "CREATION_SUCCESSFUL")
        self.assertEqual(source["DataSourceParameters"], {"AthenaParameters": {"WorkGroup": "primary"}})
        self.assertEqual(qs.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"], [{"Key": "team", "Value": "data"}])
        permissions = qs.describe_data_source_permissions(AwsAccountId=ACCOUNT, DataSourceId="clients")["Permissions"]
        self.assertEqual(permissions[0]["Actions"], ["quicksight:DescribeDataSource", "quicksight:PassDataSource"])
        self.assertIn("clients", [s["DataSourceId"] for s in qs.list_data_sources(AwsAccountId=ACCOUNT)["DataSources"]])
        self.fails("ResourceExistsException", 409, qs.create_data_source, DataSourceId="clients", Name="x", Type="ATHENA")
        self.fails("ResourceNotFoundException", 404, qs.describe_data_source, DataSourceId="nope")
        self.fails("InvalidParameterValueException", 400, qs.create_data_source, DataSourceId="my", Name="x", Type="MYSQL")

    def test_2_data_set(self):
        arn = qs.describe_data_source(AwsAccountId=ACCOUNT, DataSourceId="clients")["DataSource"]["Arn"]
        columns = [{"Name": n, "Type": t} for n, t in [
            ("flight_date", "DATETIME"), ("carrier", "STRING"), ("airline", "STRING"), ("origin", "STRING"), ("dest", "STRING"), ("dep_delay", "INTEGER"), ("arr_delay", "INTEGER")]]
        physical = {"delays": {"RelationalTable": {"DataSourceArn": arn, "Catalog": "AwsDataCatalog", "Schema": "curated", "Name": "delays", "InputColumns": columns}}}
        logical = {"delays": {"Alias": "delays", "Source": {"PhysicalTableId": "delays"}, "DataTransforms": [
            {"CreateColumnsOperation": {"Columns": [{"ColumnName": "late", "ColumnId": "late", "Expression": "ifelse({arr_delay} > 15, 'late', 'on time')"}]}},
            {"TagColumnOperation": {"ColumnName": "late", "Tags": [{"ColumnDescription": {"Text": "more than a quarter of an hour"}}]}}]}}
        made = qs.create_data_set(AwsAccountId=ACCOUNT, DataSetId="boto3", Name="Delays", ImportMode="SPICE", PhysicalTableMap=physical, LogicalTableMap=logical)
        self.assertEqual(made["Status"], 201)
        self.assertEqual(self.wait(made["IngestionId"])["RowInfo"], {"RowsIngested": 327346, "RowsDropped": 0, "TotalRowsInDataset": 327346})
        described = qs.describe_data_set(AwsAccountId=ACCOUNT, DataSetId="boto3")["DataSet"]
        self.assertEqual(described["PhysicalTableMap"], physical)
        self.assertEqual(described["LogicalTableMap"], logical)
        self.assertEqual(described["OutputColumns"][-1], {"Name": "late", "Id": "late", "Type": "STRING", "Description": "more than a quarter of an hour"})
        again = qs.create_ingestion(AwsAccountId=ACCOUNT, DataSetId="boto3", IngestionId="again", IngestionType="FULL_REFRESH")
        self.assertEqual((again["Status"], again["IngestionStatus"]), (201, "INITIALIZED"))
        self.assertEqual(self.wait("again")["RequestType"], "FULL_REFRESH")
        self.assertEqual([i["IngestionId"] for i in qs.list_ingestions(AwsAccountId=ACCOUNT, DataSetId="boto3")["Ingestions"]], ["again", made["IngestionId"]])
        pages = qs.get_paginator("list_data_sets").paginate(AwsAccountId=ACCOUNT, PaginationConfig={"PageSize": 1})
        self.assertEqual([s["DataSetId"] for p in pages for s in p["DataSetSummaries"]], ["boto3", "direct", "spice"])
        message = self.fails("InvalidParameterValueException", 400, qs.create_data_set, DataSetId="x", Name="x", ImportMode="SPICE", PhysicalTableMap=physical,
                             LogicalTableMap={"l": {"Alias": "l", "Source": {"PhysicalTableId": "delays"}, "DataTransforms": [{"FilterOperation": {"ConditionExpression": "{arr_dely} > 1"}}]}})
        self.assertIn("Did you mean {arr_delay}?".lower(), message.lower())

    def wait(self, ingestion):
        for _ in range(300):
            i = qs.describe_ingestion(AwsAccountId=ACCOUNT, DataSetId="boto3", IngestionId=ingestion)["Ingestion"]
            if i["IngestionStatus"] in ("COMPLETED", "FAILED", "CANCELLED"):
                self.assertEqual(i["IngestionStatus"], "COMPLETED", i)
                return i
            time.sleep(0.05)
        self.fail("the ingestion does not end")

    def test_3_dashboard(self):
        with open(os.environ["DEFINITION"]) as f:
            definition = json.load(f)
        definition.pop("OfAnotherVersion")  # boto3 sends what its model knows
        made = qs.create_dashboard(AwsAccountId=ACCOUNT, DashboardId="delays", Name="New York flights 2013", Definition=definition,
                                   DashboardPublishOptions={"AdHocFilteringOption": {"AvailabilityStatus": "DISABLED"}})
        self.assertEqual((made["Status"], made["CreationStatus"]), (202, "CREATION_IN_PROGRESS"))
        described = qs.describe_dashboard(AwsAccountId=ACCOUNT, DashboardId="delays")["Dashboard"]
        self.assertEqual(described["Version"]["Status"], "CREATION_SUCCESSFUL", described)
        out = qs.describe_dashboard_definition(AwsAccountId=ACCOUNT, DashboardId="delays")
        self.assertEqual(out["Definition"], definition)
        self.assertEqual(out["DashboardPublishOptions"], {"AdHocFilteringOption": {"AvailabilityStatus": "DISABLED"}})
        definition["Sheets"][0]["Name"] = "Late"
        version = qs.update_dashboard(AwsAccountId=ACCOUNT, DashboardId="delays", Name="New York", Definition=definition)["VersionArn"].rsplit("/", 1)[1]
        qs.update_dashboard_published_version(AwsAccountId=ACCOUNT, DashboardId="delays", VersionNumber=int(version))
        self.assertEqual(qs.describe_dashboard(AwsAccountId=ACCOUNT, DashboardId="delays")["Dashboard"]["Version"]["Sheets"][0]["Name"], "Late")
        self.assertEqual(len(qs.list_dashboard_versions(AwsAccountId=ACCOUNT, DashboardId="delays")["DashboardVersionSummaryList"]), 2)
        listed = qs.list_dashboards(AwsAccountId=ACCOUNT)["DashboardSummaryList"]
        self.assertEqual([(d["DashboardId"], d["PublishedVersionNumber"]) for d in listed], [("delays", 2)])
        definition["FilterGroups"][0]["Filters"][0]["CategoryFilter"]["Column"]["ColumnName"] = "carier"
        qs.create_dashboard(AwsAccountId=ACCOUNT, DashboardId="wrong", Name="wrong", Definition=definition)
        wrong = qs.describe_dashboard(AwsAccountId=ACCOUNT, DashboardId="wrong")["Dashboard"]["Version"]
        self.assertEqual(wrong["Status"], "CREATION_FAILED")
        self.assertIn("Did you mean carrier?", wrong["Errors"][0]["Message"])
        self.assertEqual(wrong["Errors"][0]["ViolatedEntities"], [{"Path": "FilterGroups[0].Filters[0].CategoryFilter.Column"}])

    def test_4_users(self):
        self.assertEqual(qs.list_users(AwsAccountId=ACCOUNT, Namespace="default")["UserList"][0]["Role"], "ADMIN")
        self.fails("ResourceNotFoundException", 404, qs.describe_user, Namespace="default", UserName="nobody")

    def refused(self, call, **kwargs):
        with self.assertRaises(ClientError) as raised:
            call(AwsAccountId=ACCOUNT, **kwargs)
        self.assertEqual(raised.exception.response["Error"]["Code"], "AccessDeniedException")

    def test_5_reader(self):
        reader = client("READER")
        reader.describe_dashboard(AwsAccountId=ACCOUNT, DashboardId="delays")
        self.refused(reader.describe_dashboard, DashboardId="wrong")
        self.refused(reader.delete_dashboard, DashboardId="delays")

    def test_6_not_built(self):
        with self.assertRaises(ClientError) as raised:
            qs.list_themes(AwsAccountId=ACCOUNT)
        self.assertEqual(raised.exception.response["ResponseMetadata"]["HTTPStatusCode"], 501)
        self.assertIn("ListThemes", str(raised.exception))

    @unittest.skipUnless(shutil.which("aws"), "the AWS CLI is not installed")
    def test_7_cli(self):
        env = dict(os.environ, AWS_ENDPOINT_URL=ENDPOINT, AWS_ACCESS_KEY_ID=os.environ["ROOT_KEY"], AWS_SECRET_ACCESS_KEY=os.environ["ROOT_SECRET"])
        done = subprocess.run(["aws", "quicksight", "describe-dashboard-definition", "--aws-account-id", ACCOUNT, "--dashboard-id", "delays"],
                              env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["Definition"]["Sheets"][0]["SheetId"], "delays")


if __name__ == "__main__":
    unittest.main(verbosity=2)
