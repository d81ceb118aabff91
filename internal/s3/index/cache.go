package index

import "sync"

// maxCached bounds the cache; an entry is some hundred bytes.
const maxCached = 10_000

type objectKey struct {
	bucket int64
	key    string
}

// cache holds the current state of objects that were looked up lately. There is one writer, the committer, so it can
// be exact: keys leave it before the transaction that changes them commits, and nothing enters it meanwhile. What is
// in it is shared and not changed by anyone.
type cache struct {
	mu         sync.Mutex
	objects    map[objectKey]*Object
	committing bool
	generation uint64 // of commits
}

// look answers the cached object, or nil and the generation that add wants to hear again.
func (c *cache) look(k objectKey) (*Object, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[k], c.generation
}

// add stores what was read from the index since the given generation, unless there was a commit in between.
func (c *cache) add(k objectKey, o *Object, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.committing || c.generation != generation {
		return
	}
	for old := range c.objects { // any will do
		if len(c.objects) < maxCached {
			break
		}
		delete(c.objects, old)
	}
	c.objects[k] = o
}

func (c *cache) begin(touched []objectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.committing = true
	for _, k := range touched {
		delete(c.objects, k)
	}
}

func (c *cache) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.committing = false
	c.generation++
}

// Object is the current state of a key; ErrNotFound. It is shared: do not change it.
func (ix *Index) Object(bucket int64, key string) (*Object, error) {
	k := objectKey{bucket, key}
	o, generation := ix.cache.look(k)
	if o != nil {
		return o, nil
	}
	o, err := ix.statements.Object(bucket, key)
	if err == nil {
		ix.cache.add(k, o, generation)
	}
	return o, err
}
