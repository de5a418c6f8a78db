package web

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // the formats that a thumbnail may have
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"net/url"

	"github.com/postmuster/postmuster/internal/message"
)

// A partView is a row of the MIME tree.
type partView struct {
	*message.Part
	Depth     int // of indentation, at most maxIndent
	Size      int
	SHA256    string
	Thumbnail bool
	HasBody   bool
	RawPath   string
	Defects   []message.Defect
}

// maxIndent is how deep the tree is indented: deeper, nothing would be left of a line.
const maxIndent = 8

func (v *view) parts(url.Values) (any, error) {
	var rows []partView
	for _, part := range v.tree.Parts {
		row := partView{
			Part: part, Depth: min(depth(part), maxIndent), Size: part.End - part.BodyOffset,
			HasBody: part.Body != nil, RawPath: v.rawPath(mark{part.Offset, part.Offset + 1}), Defects: part.Defects,
		}
		if row.HasBody {
			f := newFile(part)
			row.Size, row.SHA256 = f.Size, f.SHA256
			row.Thumbnail = isThumbnail(part)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func depth(part *message.Part) int {
	n := 0
	for up := part.Parent; up != nil; up = up.Parent {
		n++
	}
	return n
}

// The bounds of a thumbnail: a browser decodes all of an image to show a small one.
const (
	maxThumbnailBytes  = 5 << 20
	maxThumbnailPixels = 20_000_000
)

var thumbnailTypes = map[string]string{"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif"}

// isThumbnail reports whether a part is an image that is safe to show small. It
// reads the image's header only.
func isThumbnail(part *message.Part) bool {
	format, ok := thumbnailTypes[part.MediaType]
	if !ok || len(part.Body) > maxThumbnailBytes {
		return false
	}
	c, is, err := image.DecodeConfig(bytes.NewReader(part.Body))
	return err == nil && is == format && c.Width > 0 && c.Height > 0 && c.Width <= maxThumbnailPixels/c.Height
}

// servePart serves the decoded content of a part: as a file to keep, or as a
// small image. A browser is never told that it is anything that it would run.
func (p *Page) servePart(w http.ResponseWriter, r *http.Request) error {
	record, err := p.config.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if record.Size >= largeMessage { // before there is a slot, for which others wait
		if err := p.sending.Take(r.Context(), record.Size); err != nil {
			return err
		}
		defer p.sending.Leave(record.Size)
	}
	_, tree, done, err := p.open(r.Context(), record.ID)
	if err != nil {
		return err
	}
	defer done()
	part := tree.Part(r.PathValue("part"))
	if part == nil || part.Body == nil {
		return &statusError{http.StatusNotFound, "The message has no such part, or it has no content of its own."}
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=3600")
	if r.URL.Query().Has("thumbnail") && isThumbnail(part) {
		h.Set("Content-Type", part.MediaType)
	} else {
		h.Set("Content-Type", "application/octet-stream")
		// The name is ours: one from the message could be a path, or look like another type.
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="part-%s%s"`, part.Path, extension(part.MediaType)))
	}
	done()
	_, err = w.Write(part.Body)
	return ignoreGone(err)
}

// extensions are those of types that open in a viewer and run nothing.
var extensions = map[string]string{
	"text/plain": ".txt", "text/calendar": ".ics", "text/csv": ".csv", "application/pdf": ".pdf", "message/rfc822": ".eml",
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "application/zip": ".zip",
	"application/json": ".json",
}

func extension(mediaType string) string {
	if e, ok := extensions[mediaType]; ok {
		return e
	}
	return ".bin"
}
