package tarn.spark

import java.net.URI
import java.util.concurrent.TimeUnit.MINUTES

import scala.collection.mutable

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, FilterFileSystem}
import org.apache.hadoop.fs.s3a.S3AFileSystem

/**
 * S3 for many sessions on one Spark. Hadoop's own cache of file systems does not look at keys, so one session's
 * requests would be signed with another's; without a cache each opened file makes clients and threads that nobody
 * closes. Here a file system is shared by exactly those who name the same bucket, endpoint and keys.
 */
class SessionFileSystem extends FilterFileSystem {
  override def initialize(uri: URI, conf: Configuration): Unit = {
    fs = SessionFileSystem.get(uri, conf)
    statistics = FileSystem.getStatistics(uri.getScheme, getClass)
    setConf(conf)
  }

  override def getScheme: String = fs.getUri.getScheme

  /** The one behind is shared: it is closed when nobody has asked for it for a long time. */
  override def close(): Unit = ()
}

object SessionFileSystem {
  private final class Held(val fs: S3AFileSystem, var asked: Long)

  private val idle = MINUTES.toNanos(120)
  private val held = mutable.HashMap.empty[Seq[String], Held]

  private val identity = Seq(
    "fs.s3a.access.key", "fs.s3a.secret.key", "fs.s3a.session.token", "fs.s3a.aws.credentials.provider",
    "fs.s3a.endpoint", "fs.s3a.endpoint.region", "fs.s3a.path.style.access")

  def get(uri: URI, conf: Configuration): S3AFileSystem = {
    // Settings of one bucket alone, and keys from a store outside, would not be in the name above.
    // (fs.s3a.bucket.probe is no bucket's.)
    val ofBuckets = conf.getPropsWithPrefix("fs.s3a.bucket.").keySet().stream().anyMatch(_.contains("."))
    if (ofBuckets || conf.get("hadoop.security.credential.provider.path", "").nonEmpty) throw new java.io.IOException("fs.s3a.bucket.* and credential provider paths cannot be set in a session")
    val name = uri.getScheme +: uri.getAuthority +: identity.map(k => conf.get(k, ""))
    val now = System.nanoTime()
    val (found, old) = synchronized {
      val old = held.filter { case (n, h) => n != name && now - h.asked > idle }
      old.keys.foreach(held.remove)
      val h = held.getOrElseUpdate(name, new Held(open(uri, conf), now))
      h.asked = now
      (h.fs, old.values.map(_.fs).toList)
    }
    old.foreach(_.close())
    found
  }

  private def open(uri: URI, conf: Configuration): S3AFileSystem = {
    val fs = new S3AFileSystem()
    fs.initialize(uri, conf)
    fs
  }
}
