package crawler

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/crawler/classify"
	"tarn/internal/meta"
)

// fileDoc is what was found out about an object; it holds as long as the object's ETag and the classifiers do.
type fileDoc struct {
	ETag   string
	By     string // generation of the built-in and versions of the custom classifiers
	Result *classify.Result
}

// inventory is everything that lies under a crawler's targets.
type inventory struct {
	roots []*folder
	files []*foundFile
	// stale are the keys of documents about objects that are gone.
	stale []meta.Key
}

// list finds the objects of all targets, without those that are excluded.
func (s *Service) list(ctx context.Context, d *crawlerDoc, log logger) (*inventory, error) {
	inv := &inventory{}
	for _, t := range d.Crawler.Targets.S3Targets {
		root, err := s.listTarget(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", awsapi.Val(t.Path), err)
		}
		if root == nil {
			log("WARN", "Nothing was found under %s", awsapi.Val(t.Path))
			continue
		}
		if n := awsapi.Val(t.SampleSize); n > 0 {
			sample(root, int(n))
		}
		inv.roots = append(inv.roots, root)
		inv.files = append(inv.files, filesBelow(root)...)
	}
	return inv, nil
}

func filesBelow(d *folder) []*foundFile {
	all := append([]*foundFile{}, d.files...)
	for _, c := range d.children {
		all = append(all, filesBelow(c)...)
	}
	return all
}

// sample keeps the first files of each leaf folder.
func sample(d *folder, n int) {
	if len(d.children) == 0 && len(d.files) > n {
		d.files = d.files[:n]
	}
	for _, c := range d.children {
		sample(c, n)
	}
}

func (s *Service) listTarget(ctx context.Context, in *glue.S3Target) (*folder, error) {
	t, err := parsePath(awsapi.Val(in.Path))
	if err != nil {
		return nil, err
	}
	var excluded []func(string) bool
	for _, x := range in.Exclusions {
		match, err := parseExclusion(x)
		if err != nil {
			return nil, err
		}
		excluded = append(excluded, match)
	}
	root := &folder{bucket: t.bucket, name: t.bucket}
	if t.prefix != "" {
		root.path = t.prefix + "/"
		root.name = t.prefix[strings.LastIndexByte(t.prefix, '/')+1:]
	}
	folders := map[string]*folder{root.path: root}
	found := false
	take := func(o Object) {
		rel := below(t, o.Key)
		if o.Size == 0 || hidden(rel) {
			return
		}
		for _, match := range excluded {
			if match(rel) {
				return
			}
		}
		found = true
		dir := folderOf(folders, root, o.Key)
		dir.files = append(dir.files, &foundFile{bucket: t.bucket, Object: o})
	}
	for o, err := range s.Lake.List(ctx, t.bucket, root.path) {
		if err != nil {
			return nil, err
		}
		take(o)
	}
	if !found && t.prefix != "" {
		// The path may be a file's.
		for o, err := range s.Lake.List(ctx, t.bucket, t.prefix) {
			if err != nil {
				return nil, err
			}
			if o.Key == t.prefix {
				parent := t.prefix[:strings.LastIndexByte(t.prefix, '/')+1]
				root = &folder{bucket: t.bucket, path: parent, name: root.name, files: []*foundFile{{bucket: t.bucket, Object: o}}}
				root.path = t.prefix // its location is the file itself
				return root, nil
			}
			break
		}
	}
	if !found {
		return nil, nil
	}
	return root, nil
}

// hidden: Hadoop's markers and what writers have not finished.
func hidden(rel string) bool {
	if strings.HasSuffix(rel, "_$folder$") {
		return true
	}
	for _, name := range strings.Split(rel, "/") {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") {
			return true
		}
	}
	return false
}

// folderOf finds or makes the folder of a key below root.
func folderOf(folders map[string]*folder, root *folder, key string) *folder {
	path := key[:strings.LastIndexByte(key, '/')+1]
	if d, ok := folders[path]; ok {
		return d
	}
	trimmed := strings.TrimSuffix(path, "/")
	parent := folderOf(folders, root, trimmed)
	d := &folder{bucket: root.bucket, path: path, name: trimmed[strings.LastIndexByte(trimmed, '/')+1:]}
	parent.children = append(parent.children, d)
	folders[path] = d
	return d
}

// classifiers are what a crawler looks with, and how that is named in what is remembered.
func (s *Service) classifiers(ctx context.Context, account string, d *crawlerDoc) (classify.Options, string, error) {
	var o classify.Options
	by := fmt.Sprint(classify.Generation)
	err := s.Store.View(ctx, func(tx meta.Tx) error {
		for _, name := range d.Crawler.Classifiers {
			c, err := getClassifier(tx, account, name)
			if err != nil {
				return err
			}
			version, made, err := readable(name, c)
			if err != nil {
				return err
			}
			o.Custom = append(o.Custom, c)
			by += fmt.Sprintf(" %s@%d", name, awsapi.Val(version))
			if made != nil {
				by += fmt.Sprintf("/%d", made.UnixMilli()) // made anew under the same name
			}
		}
		return nil
	})
	return o, by, err
}

// recall fills in what the last crawls have found out, and answers the files that must be read.
func (s *Service) recall(ctx context.Context, key runKey, d *crawlerDoc, inv *inventory, by string) ([]*foundFile, error) {
	byURL := make(map[string]*foundFile, len(inv.files))
	for _, f := range inv.files {
		byURL[f.url()] = f
	}
	newOnly := awsapi.Val(d.Crawler.RecrawlPolicy.RecrawlBehavior) == glue.RecrawlBehaviorCrawlNewFoldersOnly
	err := s.Store.View(ctx, func(tx meta.Tx) error {
		return tx.Scan(kindFile, meta.Key{key.account, key.crawler}, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			f := byURL["s3://"+k[2]+"/"+k[3]]
			if f == nil {
				inv.stale = append(inv.stale, k)
				return true, nil
			}
			var doc fileDoc
			if err := json.Unmarshal(raw, &doc); err != nil {
				return false, err
			}
			if doc.By == by && (doc.ETag == f.ETag || newOnly) {
				f.result, f.known = doc.Result, true
			}
			return true, nil
		})
	})
	var unread []*foundFile
	for _, f := range inv.files {
		if !f.known {
			unread = append(unread, f)
		}
	}
	return unread, err
}

// read classifies files, some at a time.
func (s *Service) read(ctx context.Context, files []*foundFile, o classify.Options, r *run, log logger) error {
	r.mu.Lock()
	r.files, r.listed = len(files), true
	r.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *foundFile)
	var wg sync.WaitGroup
	for range min(max(2, runtime.GOMAXPROCS(0)), 8) {
		wg.Go(func() {
			for f := range queue {
				if err := s.readOne(ctx, f, o); err != nil {
					cancel(fmt.Errorf("%s: %w", f.url(), err))
					continue
				}
				r.mu.Lock()
				r.read++
				r.mu.Unlock()
			}
		})
	}
feed:
	for _, f := range files {
		select {
		case queue <- f:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

func (s *Service) readOne(ctx context.Context, f *foundFile, o classify.Options) (err error) {
	// Libraries that read damaged files may panic; then that file is the one to name.
	defer func() {
		if p := recover(); p != nil {
			f.result = &classify.Result{Classification: classify.Unknown, Compression: "none", Warnings: []classify.Warning{{Text: fmt.Sprintf("the file can't be read: %v", p)}}}
			err = nil
		}
	}()
	in, err := s.Lake.Open(ctx, f.bucket, f.Key)
	if err != nil {
		return err
	}
	defer in.Close()
	f.result, err = classify.File(ctx, in, in.Size(), f.Key, o)
	return err
}

// rememberBatch is how many files one transaction takes.
const rememberBatch = 500

// remember stores what was found out, once the catalog has it.
func (s *Service) remember(ctx context.Context, key runKey, inv *inventory, by string) error {
	var fresh []*foundFile
	for _, f := range inv.files {
		if !f.known && f.result != nil {
			fresh = append(fresh, f)
		}
	}
	for len(fresh) > 0 {
		n := min(rememberBatch, len(fresh))
		err := s.Store.Update(ctx, func(tx meta.Tx) error {
			for _, f := range fresh[:n] {
				if err := tx.Put(kindFile, meta.Key{key.account, key.crawler, f.bucket, f.Key}, fileDoc{f.ETag, by, f.result}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		fresh = fresh[n:]
	}
	if len(inv.stale) == 0 {
		return nil
	}
	return s.Store.Update(ctx, func(tx meta.Tx) error {
		for _, k := range inv.stale {
			if err := tx.Delete(kindFile, k); err != nil {
				return err
			}
		}
		return nil
	})
}
