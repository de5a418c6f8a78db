package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// assetTypes are named here because the system's table of types is not to be relied on.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are served under a path that holds a hash of all of them: modules import
// each other by relative names, and a browser keeps them until the program changes.
type assets struct {
	path    string
	version string
	files   map[string][]byte
}

func newAssets() *assets {
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		panic(err) // they are built in
	}
	a := &assets{files: map[string][]byte{}}
	sum := sha256.New()
	for _, e := range entries { // in the order of their names
		content, err := fs.ReadFile(assetFiles, "assets/"+e.Name())
		if err != nil {
			panic(err)
		}
		a.files[e.Name()] = content
		sum.Write([]byte(e.Name()))
		sum.Write(content)
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:8])
	a.path = "/assets/" + a.version
	return a
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	content, ok := a.files[name]
	if !ok || r.PathValue("version") != a.version {
		return errNoPage
	}
	h := w.Header()
	h.Set("Content-Type", assetTypes[path.Ext(name)])
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return nil
}
