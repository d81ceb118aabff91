package tarn.spark

import org.apache.iceberg.aws.s3.S3FileIO
import org.apache.iceberg.exceptions.NotFoundException
import org.apache.iceberg.io.{InputFile, SeekableInputStream}
import software.amazon.awssdk.core.exception.SdkServiceException

/**
 * S3 for Iceberg's catalogs. When S3 refuses a table's metadata file, Iceberg asks for it twenty times more, for a minute and a
 * half, before it says so; only a file that is not there ends that at once. Here a refused metadata file counts as one, in
 * the words of the refusal. All other files are read as Iceberg reads them.
 */
class LakeFileIO extends S3FileIO {
  override def newInputFile(path: String): InputFile = {
    val file = super.newInputFile(path)
    if (path.endsWith(".metadata.json")) new MetadataFile(file) else file
  }
}

private final class MetadataFile(file: InputFile) extends InputFile {
  override def getLength: Long = Refused.asMissing(file.getLength)
  override def newStream(): SeekableInputStream = new MetadataStream(Refused.asMissing(file.newStream()))
  override def location(): String = file.location()
  override def exists(): Boolean = Refused.asMissing(file.exists())
}

/** The file is opened by the first read, so a refusal may come from any of these. */
private final class MetadataStream(in: SeekableInputStream) extends SeekableInputStream {
  override def getPos: Long = in.getPos
  override def seek(position: Long): Unit = in.seek(position)
  override def read(): Int = Refused.asMissing(in.read())
  override def read(to: Array[Byte], offset: Int, length: Int): Int = Refused.asMissing(in.read(to, offset, length))
  override def close(): Unit = in.close()
}

private object Refused {
  def asMissing[T](ask: => T): T =
    try ask
    catch { case e: SdkServiceException if e.statusCode == 403 => throw new NotFoundException(e, "%s", e.getMessage) }
}
