package tarn.spark

import java.net.URI
import java.util.Locale

import scala.jdk.CollectionConverters._
import scala.util.control.NonFatal

import org.apache.hadoop.fs.Path
import org.apache.spark.sql.{SparkSession, SparkSessionExtensions, classic}
import org.apache.spark.sql.catalyst.TableIdentifier
import org.apache.spark.sql.catalyst.analysis.{DatabaseAlreadyExistsException, NoSuchDatabaseException, NoSuchFunctionException, NoSuchPartitionException, NoSuchTableException, TableAlreadyExistsException}
import org.apache.spark.sql.catalyst.catalog._
import org.apache.spark.sql.catalyst.catalog.CatalogTypes.TablePartitionSpec
import org.apache.spark.sql.catalyst.expressions.Expression
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.util.StringUtils
import org.apache.spark.sql.types._
import software.amazon.awssdk.auth.credentials.{AwsBasicCredentials, AwsSessionCredentials, StaticCredentialsProvider}
import software.amazon.awssdk.http.apache.ApacheHttpClient
import software.amazon.awssdk.regions.Region
import software.amazon.awssdk.services.glue.GlueClient
import software.amazon.awssdk.services.glue.model.{Option => _, _}

/**
 * Glue's catalog as Spark's own metastore, for jobs with --enable-glue-datacatalog: `spark.table("db.t")`, INSERT INTO,
 * saveAsTable, SHOW, DESCRIBE, ALTER. Spark has one metastore for all sessions and chooses it from a closed list; this one is
 * put in its place when the first session is made. It asks Glue with the keys of the session that is asking, keeps nothing between two
 * questions, and leaves sessions without the switch what Spark had before.
 */
class CatalogExtension extends (SparkSessionExtensions => Unit) {
  override def apply(extensions: SparkSessionExtensions): Unit = extensions.injectResolutionRule { session =>
    GlueMetastore.install(session)
    NoRule
  }
}

private object NoRule extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan = plan
}

object GlueMetastore {
  /** The setting of a session whose metastore is Glue. */
  val Switch = "spark.tarn.glue.catalog"

  def install(session: SparkSession): Unit = synchronized {
    val listening = session.asInstanceOf[classic.SparkSession].sharedState.externalCatalog
    val field = classOf[ExternalCatalogWithListener].getDeclaredField("delegate")
    field.setAccessible(true)
    field.get(listening) match {
      case _: GlueMetastore => ()
      case before: ExternalCatalog => field.set(listening, new GlueMetastore(before))
    }
  }

  private final class Held(val client: GlueClient, var asked: Long)

  private val idle = java.util.concurrent.TimeUnit.MINUTES.toNanos(120)
  private val held = scala.collection.mutable.HashMap.empty[Seq[String], Held]

  /** A client with the keys of the session that asks; without keys there is none. */
  private def client(session: SparkSession): GlueClient = {
    val names = Seq("fs.s3a.access.key", "fs.s3a.secret.key", "fs.s3a.session.token", "fs.s3a.endpoint.region", "spark.tarn.glue.endpoint")
    val identity = names.map(session.conf.get(_, ""))
    val Seq(key, secret, token, region, endpoint) = identity
    if (key.isEmpty) throw new SecurityException("this session has no keys, so it may not ask the Glue catalog")
    val now = System.nanoTime()
    val (found, old) = synchronized {
      val old = held.filter { case (n, h) => n != identity && now - h.asked > idle }
      old.keys.foreach(held.remove)
      val h = held.getOrElseUpdate(identity, {
        val credentials = if (token.isEmpty) AwsBasicCredentials.create(key, secret) else AwsSessionCredentials.create(key, secret, token)
        val builder = GlueClient.builder().region(Region.of(region)).credentialsProvider(StaticCredentialsProvider.create(credentials))
          .httpClientBuilder(ApacheHttpClient.builder())
        if (endpoint.nonEmpty) builder.endpointOverride(URI.create(endpoint))
        new Held(builder.build(), now)
      })
      h.asked = now
      (h.client, old.values.map(_.client).toList)
    }
    old.foreach(_.close())
    found
  }
}

class GlueMetastore(local: ExternalCatalog) extends ExternalCatalog {
  import GlueTables._

  private def session: Option[SparkSession] =
    SparkSession.getActiveSession.filter(_.conf.get(GlueMetastore.Switch, "false") == "true")

  /** Glue where the session has it for its metastore, otherwise what Spark had before. */
  private def in[T](glue: GlueClient => T)(otherwise: ExternalCatalog => T): T = session match {
    case None => otherwise(local)
    case Some(s) =>
      try glue(GlueMetastore.client(s))
      catch {
        case e: GlueException if e.awsErrorDetails() != null =>
          throw new java.io.IOException(s"Glue: ${e.awsErrorDetails().errorCode()}: ${e.awsErrorDetails().errorMessage()}", e)
      }
  }

  private def unsupported(what: String) =
    throw new UnsupportedOperationException(s"$what is not available on Glue's catalog")

  // Databases

  override def createDatabase(d: CatalogDatabase, ignoreIfExists: Boolean): Unit = in { glue =>
    val input = DatabaseInput.builder().name(d.name).description(d.description).parameters(d.properties.asJava)
    if (d.locationUri != null && d.locationUri.getScheme != "file") input.locationUri(text(d.locationUri))
    try glue.createDatabase(CreateDatabaseRequest.builder().databaseInput(input.build()).build())
    catch { case _: AlreadyExistsException => if (!ignoreIfExists) throw new DatabaseAlreadyExistsException(d.name) }
    ()
  } { _.createDatabase(d, ignoreIfExists) }

  override def dropDatabase(db: String, ignoreIfNotExists: Boolean, cascade: Boolean): Unit = in { glue =>
    if (!databaseExists(db)) { if (!ignoreIfNotExists) throw new NoSuchDatabaseException(db) }
    else {
      val tables = listTables(db)
      if (tables.nonEmpty && !cascade) throw new IllegalStateException(s"database $db holds ${tables.size} tables, the first is ${tables.head}: DROP DATABASE $db CASCADE")
      glue.deleteDatabase(DeleteDatabaseRequest.builder().name(db).build())
    }
    ()
  } { _.dropDatabase(db, ignoreIfNotExists, cascade) }

  override def alterDatabase(d: CatalogDatabase): Unit = in { glue =>
    val input = DatabaseInput.builder().name(d.name).description(d.description).locationUri(text(d.locationUri)).parameters(d.properties.asJava).build()
    glue.updateDatabase(UpdateDatabaseRequest.builder().name(d.name).databaseInput(input).build())
    ()
  } { _.alterDatabase(d) }

  private def databaseOption(glue: GlueClient, db: String): Option[Database] =
    try Some(glue.getDatabase(GetDatabaseRequest.builder().name(db).build()).database())
    catch { case _: EntityNotFoundException => None }

  override def getDatabase(db: String): CatalogDatabase = in { glue =>
    databaseOption(glue, db) match {
      case Some(d) => CatalogDatabase(d.name(), Option(d.description()).getOrElse(""), place(d.locationUri(), db), Map.empty[String, String] ++ d.parameters().asScala)
      case None if db == SessionCatalog.DEFAULT_DATABASE => CatalogDatabase(db, "", place(null, db), Map.empty)
      case None => throw new NoSuchDatabaseException(db)
    }
  } { _.getDatabase(db) }

  /** Where tables of a database go that name no place: the database's own, otherwise below the job's temporary folder. */
  private def place(uri: String, db: String): URI = {
    val base = session.map(_.conf.get("spark.sql.catalog.glue_catalog.warehouse", "")).getOrElse("")
    if (uri != null && uri.nonEmpty) new Path(uri).toUri
    else if (base.nonEmpty) new Path(base, db).toUri
    else URI.create(s"s3://database-$db-has-no-LocationUri/")
  }

  // Spark wants its default database to be there.
  override def databaseExists(db: String): Boolean = in { glue =>
    db == SessionCatalog.DEFAULT_DATABASE || databaseOption(glue, db).isDefined
  } { _.databaseExists(db) }

  override def listDatabases(): Seq[String] = in { glue =>
    val found = glue.getDatabasesPaginator(GetDatabasesRequest.builder().build()).asScala.flatMap(_.databaseList().asScala).map(_.name()).toSeq
    (found :+ SessionCatalog.DEFAULT_DATABASE).distinct.sorted
  } { _.listDatabases() }

  override def listDatabases(pattern: String): Seq[String] = in(_ => StringUtils.filterPattern(listDatabases(), pattern)) { _.listDatabases(pattern) }

  override def setCurrentDatabase(db: String): Unit = in(_ => ()) { _.setCurrentDatabase(db) }

  // Tables

  private def tableOption(glue: GlueClient, db: String, name: String): Option[Table] =
    try Some(glue.getTable(GetTableRequest.builder().databaseName(db).name(name).build()).table())
    catch { case _: EntityNotFoundException => None }

  override def createTable(t: CatalogTable, ignoreIfExists: Boolean): Unit = in { glue =>
    try glue.createTable(CreateTableRequest.builder().databaseName(t.database).tableInput(toGlue(t)).build())
    catch {
      case _: AlreadyExistsException => if (!ignoreIfExists) throw new TableAlreadyExistsException(t.database, t.identifier.table)
      case _: EntityNotFoundException => throw new NoSuchDatabaseException(t.database)
    }
    ()
  } { _.createTable(t, ignoreIfExists) }

  override def dropTable(db: String, name: String, ignoreIfNotExists: Boolean, purge: Boolean): Unit = in { glue =>
    tableOption(glue, db, name) match {
      case None => if (!ignoreIfNotExists) throw new NoSuchTableException(db, name)
      case Some(t) =>
        glue.deleteTable(DeleteTableRequest.builder().databaseName(db).name(name).build())
        if (t.tableType() == "MANAGED_TABLE") Option(t.storageDescriptor()).flatMap(s => Option(s.location())).foreach(delete(_))
    }
  } { _.dropTable(db, name, ignoreIfNotExists, purge) }

  private def delete(location: String): Unit = {
    val path = new Path(location)
    path.getFileSystem(session.get.asInstanceOf[classic.SparkSession].sessionState.newHadoopConf()).delete(path, true)
    ()
  }

  override def renameTable(db: String, oldName: String, newName: String): Unit =
    in[Unit](_ => unsupported("ALTER TABLE … RENAME")) { _.renameTable(db, oldName, newName) }

  private def update(glue: GlueClient, t: CatalogTable): Unit = {
    val found = raw(glue, t.database, t.identifier.table)
    glue.updateTable(UpdateTableRequest.builder().databaseName(t.database).tableInput(changed(found, t)).build())
    ()
  }

  override def alterTable(t: CatalogTable): Unit = in(update(_, t)) { _.alterTable(t) }

  override def alterTableSchema(db: String, name: String, schema: StructType): Unit =
    in(update(_, getTable(db, name).copy(schema = schema))) { _.alterTableSchema(db, name, schema) }

  override def alterTableDataSchema(db: String, name: String, columns: StructType): Unit = in { glue =>
    val t = getTable(db, name)
    update(glue, t.copy(schema = StructType(columns ++ t.partitionSchema)))
  } { _.alterTableDataSchema(db, name, columns) }

  // Spark's own estimates have no place in Glue.
  override def alterTableStats(db: String, name: String, stats: Option[CatalogStatistics]): Unit =
    in(_ => ()) { _.alterTableStats(db, name, stats) }

  override def getTable(db: String, name: String): CatalogTable = in { glue =>
    tableOption(glue, db, name) match {
      case Some(t) => fromGlue(t)
      case None => throw new NoSuchTableException(db, name)
    }
  } { _.getTable(db, name) }

  override def getTablesByName(db: String, names: Seq[String]): Seq[CatalogTable] = in { glue =>
    names.flatMap(tableOption(glue, db, _)).flatMap(t => try Some(fromGlue(t)) catch { case NonFatal(_) => None })
  } { _.getTablesByName(db, names) }

  override def tableExists(db: String, name: String): Boolean = in(tableOption(_, db, name).isDefined) { _.tableExists(db, name) }

  private def tables(glue: GlueClient, db: String): Seq[Table] =
    try glue.getTablesPaginator(GetTablesRequest.builder().databaseName(db).build()).asScala.flatMap(_.tableList().asScala).toSeq.sortBy(_.name())
    catch {
      case _: EntityNotFoundException if db == SessionCatalog.DEFAULT_DATABASE => Seq.empty
      case _: EntityNotFoundException => throw new NoSuchDatabaseException(db)
    }

  override def listTables(db: String): Seq[String] = in(tables(_, db).map(_.name())) { _.listTables(db) }

  override def listTables(db: String, pattern: String): Seq[String] =
    in(_ => StringUtils.filterPattern(listTables(db), pattern)) { _.listTables(db, pattern) }

  override def listViews(db: String, pattern: String): Seq[String] = in { glue =>
    StringUtils.filterPattern(tables(glue, db).filter(_.tableType() == "VIRTUAL_VIEW").map(_.name()), pattern)
  } { _.listViews(db, pattern) }

  override def loadTable(db: String, name: String, loadPath: String, isOverwrite: Boolean, isSrcLocal: Boolean): Unit =
    in[Unit](_ => unsupported("LOAD DATA")) { _.loadTable(db, name, loadPath, isOverwrite, isSrcLocal) }

  override def loadPartition(db: String, name: String, loadPath: String, partition: TablePartitionSpec, isOverwrite: Boolean, inheritTableSpecs: Boolean, isSrcLocal: Boolean): Unit =
    in[Unit](_ => unsupported("LOAD DATA")) { _.loadPartition(db, name, loadPath, partition, isOverwrite, inheritTableSpecs, isSrcLocal) }

  override def loadDynamicPartitions(db: String, name: String, loadPath: String, partition: TablePartitionSpec, replace: Boolean, numDP: Int): Unit =
    in[Unit](_ => unsupported("LOAD DATA")) { _.loadDynamicPartitions(db, name, loadPath, partition, replace, numDP) }

  // Partitions

  private def raw(glue: GlueClient, db: String, name: String): Table = tableOption(glue, db, name).getOrElse(throw new NoSuchTableException(db, name))

  private def values(t: CatalogTable, spec: TablePartitionSpec): Seq[String] = t.partitionColumnNames.map { k =>
    val v = spec.collectFirst { case (n, v) if n.equalsIgnoreCase(k) => v }.getOrElse(throw new NoSuchPartitionException(t.database, t.identifier.table, spec))
    if (v == null) ExternalCatalogUtils.DEFAULT_PARTITION_NAME else v
  }

  private def input(t: CatalogTable, of: StorageDescriptor, p: CatalogTablePartition): PartitionInput = {
    val v = values(t, p.spec)
    val path = p.storage.locationUri.map(text).getOrElse {
      of.location().stripSuffix("/") + t.partitionColumnNames.zip(v).map { case (k, v) => ExternalCatalogUtils.getPartitionPathString(k, v) }.mkString("/", "/", "")
    }
    PartitionInput.builder().values(v.asJava).storageDescriptor(of.toBuilder.location(path.stripSuffix("/") + "/").build()).parameters(p.parameters.asJava).build()
  }

  override def createPartitions(db: String, name: String, parts: Seq[CatalogTablePartition], ignoreIfExists: Boolean): Unit = in { glue =>
    val found = raw(glue, db, name)
    val t = fromGlue(found)
    parts.map(input(t, found.storageDescriptor(), _)).grouped(100).foreach { group =>
      val answer = glue.batchCreatePartition(BatchCreatePartitionRequest.builder().databaseName(db).tableName(name).partitionInputList(group.asJava).build())
      answer.errors().asScala.find(e => !(ignoreIfExists && e.errorDetail().errorCode() == "AlreadyExistsException")).foreach(refused(db, name, _))
    }
  } { _.createPartitions(db, name, parts, ignoreIfExists) }

  private def refused(db: String, name: String, e: PartitionError) =
    throw new java.io.IOException(s"Glue: partition ${e.partitionValues().asScala.mkString("/")} of $db.$name: ${e.errorDetail().errorCode()}: ${e.errorDetail().errorMessage()}")

  override def dropPartitions(db: String, name: String, specs: Seq[TablePartitionSpec], ignoreIfNotExists: Boolean, purge: Boolean, retainData: Boolean): Unit = in { glue =>
    val t = fromGlue(raw(glue, db, name))
    val places = if (t.tableType == CatalogTableType.MANAGED && !retainData) specs.flatMap(getPartitionOption(db, name, _)).flatMap(_.storage.locationUri) else Seq.empty
    specs.map(s => PartitionValueList.builder().values(values(t, s).asJava).build()).grouped(25).foreach { group =>
      val answer = glue.batchDeletePartition(BatchDeletePartitionRequest.builder().databaseName(db).tableName(name).partitionsToDelete(group.asJava).build())
      answer.errors().asScala.find(e => !(ignoreIfNotExists && e.errorDetail().errorCode() == "EntityNotFoundException")).foreach(refused(db, name, _))
    }
    places.foreach(p => delete(text(p)))
  } { _.dropPartitions(db, name, specs, ignoreIfNotExists, purge, retainData) }

  override def renamePartitions(db: String, name: String, specs: Seq[TablePartitionSpec], newSpecs: Seq[TablePartitionSpec]): Unit =
    in[Unit](_ => unsupported("ALTER TABLE … PARTITION … RENAME")) { _.renamePartitions(db, name, specs, newSpecs) }

  override def alterPartitions(db: String, name: String, parts: Seq[CatalogTablePartition]): Unit = in { glue =>
    val found = raw(glue, db, name)
    val t = fromGlue(found)
    parts.foreach { p =>
      glue.updatePartition(UpdatePartitionRequest.builder().databaseName(db).tableName(name).partitionValueList(values(t, p.spec).asJava)
        .partitionInput(input(t, found.storageDescriptor(), p)).build())
    }
  } { _.alterPartitions(db, name, parts) }

  override def getPartition(db: String, name: String, spec: TablePartitionSpec): CatalogTablePartition =
    in(_ => getPartitionOption(db, name, spec).getOrElse(throw new NoSuchPartitionException(db, name, spec))) { _.getPartition(db, name, spec) }

  override def getPartitionOption(db: String, name: String, spec: TablePartitionSpec): Option[CatalogTablePartition] = in { glue =>
    val t = fromGlue(raw(glue, db, name))
    try Some(partition(t, glue.getPartition(GetPartitionRequest.builder().databaseName(db).tableName(name).partitionValues(values(t, spec).asJava).build()).partition()))
    catch { case _: EntityNotFoundException => None }
  } { _.getPartitionOption(db, name, spec) }

  override def listPartitionNames(db: String, name: String, partialSpec: Option[TablePartitionSpec]): Seq[String] = in { _ =>
    val keys = getTable(db, name).partitionColumnNames
    listPartitions(db, name, partialSpec).map(p => keys.map(k => ExternalCatalogUtils.getPartitionPathString(k, p.spec(k))).mkString("/")).sorted
  } { _.listPartitionNames(db, name, partialSpec) }

  override def listPartitions(db: String, name: String, partialSpec: Option[TablePartitionSpec]): Seq[CatalogTablePartition] = in { glue =>
    val t = fromGlue(raw(glue, db, name))
    val asked = GetPartitionsRequest.builder().databaseName(db).tableName(name).excludeColumnSchema(true).build()
    val all = glue.getPartitionsPaginator(asked).asScala.flatMap(_.partitions().asScala).map(partition(t, _)).toSeq
    partialSpec.fold(all)(wanted => all.filter(p => ExternalCatalogUtils.isPartialPartitionSpec(wanted, p.spec)))
  } { _.listPartitions(db, name, partialSpec) }

  override def listPartitionsByFilter(db: String, name: String, predicates: Seq[Expression], zone: String): Seq[CatalogTablePartition] = in { _ =>
    ExternalCatalogUtils.prunePartitionsByFilter(getTable(db, name), listPartitions(db, name, None), predicates, zone)
  } { _.listPartitionsByFilter(db, name, predicates, zone) }

  // Functions: Glue's hold classes of Hive, which nothing here runs.

  override def createFunction(db: String, f: CatalogFunction): Unit = in[Unit](_ => unsupported("CREATE FUNCTION")) { _.createFunction(db, f) }
  override def dropFunction(db: String, name: String): Unit = in[Unit](_ => throw new NoSuchFunctionException(db, name)) { _.dropFunction(db, name) }
  override def alterFunction(db: String, f: CatalogFunction): Unit = in[Unit](_ => unsupported("ALTER FUNCTION")) { _.alterFunction(db, f) }
  override def renameFunction(db: String, oldName: String, newName: String): Unit = in[Unit](_ => unsupported("ALTER FUNCTION")) { _.renameFunction(db, oldName, newName) }
  override def getFunction(db: String, name: String): CatalogFunction = in[CatalogFunction](_ => throw new NoSuchFunctionException(db, name)) { _.getFunction(db, name) }
  override def functionExists(db: String, name: String): Boolean = in(_ => false) { _.functionExists(db, name) }
  override def listFunctions(db: String, pattern: String): Seq[String] = in(_ => Seq.empty[String]) { _.listFunctions(db, pattern) }
}

/** Glue's tables and Spark's: which reader a SerDe stands for, and the SerDe that other readers of the catalog expect. */
private object GlueTables {
  private val Provider = "spark.sql.sources.provider"
  private val Schema = "spark.sql.sources.schema"
  private val hive = "org.apache.hadoop.hive."
  private val textFormats = ("org.apache.hadoop.mapred.TextInputFormat", hive + "ql.io.HiveIgnoreKeyTextOutputFormat")

  def text(uri: URI): String = new Path(uri).toString

  def fromGlue(t: Table): CatalogTable = {
    val full = s"${t.databaseName()}.${t.name()}"
    val parameters = Map.empty[String, String] ++ t.parameters().asScala
    if (parameters.get("table_type").exists(_.equalsIgnoreCase("ICEBERG")))
      throw new UnsupportedOperationException(s"$full is an Iceberg table: name it glue_catalog.$full")
    val keys = t.partitionKeys().asScala.map(c => StructField(c.name(), kind(full, c))).toSeq
    val storage = Option(t.storageDescriptor())
    val columns = storage.toSeq.flatMap(_.columns().asScala).map(c => StructField(c.name(), kind(full, c)))
    val names = keys.map(_.name.toLowerCase(Locale.ROOT)).toSet
    val plain = StructType(columns.filterNot(c => names(c.name.toLowerCase(Locale.ROOT))) ++ keys)
    val schema = written(parameters).filter(s => s.fieldNames.map(_.toLowerCase(Locale.ROOT)).sameElements(plain.fieldNames.map(_.toLowerCase(Locale.ROOT)))).getOrElse(plain)
    val view = t.tableType() == "VIRTUAL_VIEW"
    if (view && Option(t.viewOriginalText()).exists(_.startsWith("/* Presto View")))
      throw new UnsupportedOperationException(s"$full is a view of Athena or Presto, which Spark cannot read")
    val (provider, options) = if (view) (None, Map.empty[String, String]) else reader(full, storage, parameters)
    CatalogTable(
      identifier = TableIdentifier(t.name(), Some(t.databaseName())),
      tableType = if (view) CatalogTableType.VIEW else if (t.tableType() == "MANAGED_TABLE") CatalogTableType.MANAGED else CatalogTableType.EXTERNAL,
      storage = CatalogStorageFormat(
        storage.flatMap(s => Option(s.location())).filter(_.nonEmpty).map(new Path(_).toUri),
        storage.flatMap(s => Option(s.inputFormat())), storage.flatMap(s => Option(s.outputFormat())),
        storage.flatMap(s => Option(s.serdeInfo())).flatMap(s => Option(s.serializationLibrary())), false, options),
      schema = schema,
      provider = provider,
      partitionColumnNames = schema.fieldNames.takeRight(keys.size).toSeq,
      owner = Option(t.owner()).getOrElse(""),
      createTime = Option(t.createTime()).map(_.toEpochMilli).getOrElse(0L),
      properties = parameters.filterNot { case (k, _) => k.startsWith(Provider) || k.startsWith(Schema) },
      viewText = if (view) Option(t.viewExpandedText()).orElse(Option(t.viewOriginalText())) else None,
      viewOriginalText = if (view) Option(t.viewOriginalText()) else None,
      comment = Option(t.description()),
      tracksPartitionsInCatalog = keys.nonEmpty)
  }

  private def kind(table: String, c: Column): DataType =
    try CatalystSqlParser.parseDataType(if (c.`type`() == null) "string" else c.`type`())
    catch { case NonFatal(_) => throw new UnsupportedOperationException(s"column ${c.name()} of $table has type ${c.`type`()}, which Spark does not know") }

  /** The schema that Spark itself noted, in one piece or in several: it keeps the case of names. */
  private def written(p: Map[String, String]): Option[StructType] = {
    val whole = p.get(Schema).orElse(p.get(Schema + ".numParts").map(n => (0 until n.toInt).map(i => p.getOrElse(s"$Schema.part.$i", "")).mkString))
    whole.flatMap(json => try Some(DataType.fromJson(json).asInstanceOf[StructType]) catch { case NonFatal(_) => None })
  }

  private def reader(full: String, storage: Option[StorageDescriptor], p: Map[String, String]): (Option[String], Map[String, String]) = {
    val info = storage.flatMap(s => Option(s.serdeInfo()))
    val given = info.map(i => Map.empty[String, String] ++ i.parameters().asScala).getOrElse(Map.empty)
    val serde = info.flatMap(i => Option(i.serializationLibrary())).getOrElse("").toLowerCase(Locale.ROOT)
    val classification = p.getOrElse("classification", "").toLowerCase(Locale.ROOT)
    val header = !Set("", "0")(p.getOrElse("skip.header.line.count", "0"))
    // A broken row ends the query with its file; rows that turn null in silence would be wrong figures.
    val csv = Map("mode" -> "FAILFAST", "header" -> header.toString, "escape" -> "\"") ++ (if (header) Map("enforceSchema" -> "false") else Map.empty)
    p.get(Provider) match {
      case Some(provider) if provider != "hive" => (Some(provider), given - "serialization.format" - "path")
      case _ if serde.contains("opencsvserde") =>
        val quote = given.getOrElse("quoteChar", "\"")
        val escape = given.get("escapeChar").filter(_ != "\\").getOrElse(quote)
        (Some("csv"), csv ++ Map("sep" -> given.getOrElse("separatorChar", ","), "quote" -> quote, "escape" -> escape))
      case _ if serde.contains("lazysimpleserde") =>
        val sep = given.get("field.delim").orElse(p.get("delimiter")).getOrElse(if (classification == "csv") "," else "\u0001")
        (Some("csv"), csv ++ Map("sep" -> sep) ++ given.get("serialization.null.format").map("nullValue" -> _))
      case _ if serde.contains("jsonserde") || classification == "json" => (Some("json"), Map("mode" -> "FAILFAST"))
      case _ if serde.contains("parquet") || classification == "parquet" => (Some("parquet"), Map.empty)
      case _ if serde.contains("orc") || classification == "orc" => (Some("orc"), Map.empty)
      case _ if classification == "csv" => (Some("csv"), csv)
      case _ => throw new UnsupportedOperationException(
        s"table $full has SerDe ${if (serde.isEmpty) "none" else serde} and classification ${if (classification.isEmpty) "none" else classification}: readable are csv, json, parquet, orc and Iceberg")
    }
  }

  /** What Spark makes: a SerDe for other readers, and Spark's own note of the provider and the schema. */
  def toGlue(t: CatalogTable): TableInput = {
    val columns = dataColumns(t)
    val input = TableInput.builder().name(t.identifier.table.toLowerCase(Locale.ROOT)).partitionKeys(t.partitionColumnNames.map(k => column(t.schema(k))).asJava)
    t.comment.foreach(input.description)
    if (t.owner.nonEmpty) input.owner(t.owner)
    val noted = t.properties + (Schema -> t.schema.json)
    if (t.tableType == CatalogTableType.VIEW)
      return input.tableType("VIRTUAL_VIEW").viewOriginalText(t.viewOriginalText.orElse(t.viewText).orNull).viewExpandedText(t.viewText.orNull)
        .parameters(noted.asJava).storageDescriptor(StorageDescriptor.builder().columns(columns.asJava).build()).build()
    val full = s"${t.database}.${t.identifier.table}"
    val location = t.storage.locationUri.map(text).getOrElse("")
    if (!location.startsWith("s3") || location.contains("-has-no-LocationUri"))
      throw new IllegalArgumentException(s"table $full has no place in S3: give the database a LocationUri, or the write .option(\"path\", \"s3://bucket/prefix/\")")
    val provider = t.provider.map(_.toLowerCase(Locale.ROOT)).getOrElse("")
    val o = t.storage.properties.map { case (k, v) => (k.toLowerCase(Locale.ROOT), v) }
    val ((in, out), serde, parameters) = provider match {
      case "parquet" => ((hive + "ql.io.parquet.MapredParquetInputFormat", hive + "ql.io.parquet.MapredParquetOutputFormat"), hive + "ql.io.parquet.serde.ParquetHiveSerDe", Map("serialization.format" -> "1"))
      case "orc" => ((hive + "ql.io.orc.OrcInputFormat", hive + "ql.io.orc.OrcOutputFormat"), hive + "ql.io.orc.OrcSerde", Map("serialization.format" -> "1"))
      case "json" => (textFormats, "org.openx.data.jsonserde.JsonSerDe", Map("paths" -> columns.map(_.name()).sorted.mkString(",")))
      case "csv" => (textFormats, hive + "serde2.OpenCSVSerde", Map("separatorChar" -> o.getOrElse("sep", o.getOrElse("delimiter", ",")), "quoteChar" -> o.getOrElse("quote", "\""), "escapeChar" -> o.getOrElse("escape", "\\")))
      case other => throw new UnsupportedOperationException(
        s"a table of format ${if (other.isEmpty) "none" else other} cannot be catalogued: csv, json, parquet, orc, and Iceberg as glue_catalog.$full")
    }
    val header = if (provider == "csv" && o.get("header").contains("true")) Map("skip.header.line.count" -> "1") else Map.empty[String, String]
    val info = SerDeInfo.builder().serializationLibrary(serde).parameters((t.storage.properties ++ parameters).asJava).build()
    input.tableType(if (t.tableType == CatalogTableType.MANAGED) "MANAGED_TABLE" else "EXTERNAL_TABLE")
      .parameters((Map("classification" -> provider) ++ header ++ noted + (Provider -> provider)).asJava)
      .storageDescriptor(StorageDescriptor.builder().columns(columns.asJava).location(location.stripSuffix("/") + "/").inputFormat(in).outputFormat(out).serdeInfo(info).build())
      .build()
  }

  /** A table as Spark has altered it. Of one that Spark did not make, the SerDe stays as it is. */
  def changed(found: Table, t: CatalogTable): TableInput =
    if (t.tableType == CatalogTableType.VIEW || found.parameters().containsKey(Provider)) toGlue(t)
    else TableInput.builder().name(found.name()).description(t.comment.orNull).owner(found.owner()).retention(found.retention())
      .tableType(found.tableType()).partitionKeys(found.partitionKeys()).parameters(t.properties.asJava)
      .storageDescriptor(found.storageDescriptor().toBuilder.columns(dataColumns(t).asJava).location(t.storage.locationUri.map(text).orNull).build())
      .build()

  private def dataColumns(t: CatalogTable): Seq[Column] = t.schema.filterNot(f => t.partitionColumnNames.contains(f.name)).map(column)

  private def column(f: StructField): Column =
    Column.builder().name(f.name.toLowerCase(Locale.ROOT)).`type`(f.dataType.catalogString).comment(f.getComment().orNull).build()

  def partition(t: CatalogTable, p: Partition): CatalogTablePartition = {
    val spec = t.partitionColumnNames.zip(p.values().asScala).toMap
    val place = Option(p.storageDescriptor()).flatMap(s => Option(s.location())).filter(_.nonEmpty).map(new Path(_).toUri)
    CatalogTablePartition(spec, t.storage.copy(locationUri = place.orElse(t.storage.locationUri.map { base =>
      new Path(new Path(base), t.partitionColumnNames.map(k => ExternalCatalogUtils.getPartitionPathString(k, spec(k))).mkString("/")).toUri
    })))
  }
}
