package app.data

import app.net.Api

private const val PAGE = 20

/** Where users come from. */
@Singleton
class Repo<T : Any>(
    private val api: Api,
) : Source<T>(), Closeable {

    private val cache = mutableMapOf<String, T>()

    /** All names, sorted. */
    val names: List<String>
        get() = cache.keys.sorted()

    constructor(url: String) : this(Api(url)) {
        println(url)
    }

    /**
     * Loads a page.
     */
    @Throws(IOException::class)
    suspend fun load(page: Int): List<T> {
        return api.get(page, PAGE)
    }

    override fun close() = api.close()

    companion object {
        /** Makes a repository for tests. */
        fun fake(): Repo<Any> = Repo("fake")
    }

    interface Listener {
        fun onLoad()

        /** Something went wrong. */
        fun onError(error: Throwable)
    }
}

object Registry {
    fun find(name: String): Repo<*>? {
        return null
    }
}

enum class Level { LOW, HIGH }

typealias Handler = (Int) -> Unit

/** The second element. */
fun <T> List<T>.second(): T = this[1]
