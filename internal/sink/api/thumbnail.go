package api

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"net/http"
	"strconv"
)

// The size of a thumbnail is Mailpit's.
const (
	thumbWidth  = 180
	thumbHeight = 120
	// maxPixels of an image that is decoded: 16 MB of memory, however few bytes
	// it has in the message. Photographs are larger, and get none.
	maxPixels = 4 << 20
	// maxDecoding is how many are decoded at a time.
	maxDecoding = 2
)

// mailpitThumb answers with a thumbnail, which is empty for all that is no image
// or too large a one.
func (a *API) mailpitThumb(w http.ResponseWriter, r *http.Request) error {
	_, tree, err := a.mailpitTree(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := tree.Part(r.PathValue("path"))
	if p == nil {
		return refuse(http.StatusNotFound, "the message has no such part")
	}
	if err := a.decoding.await(r.Context()); err != nil {
		return err
	}
	defer a.decoding.leave()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, thumbnail(content(p)), &jpeg.Options{Quality: 80}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Security-Policy", harmless)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.Write(b.Bytes())
	return nil
}

// thumbnail draws an image into a white frame.
func thumbnail(content []byte) image.Image {
	frame := image.NewRGBA(image.Rect(0, 0, thumbWidth, thumbHeight))
	for i := range frame.Pix {
		frame.Pix[i] = 0xff
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return frame
	}
	from, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return frame
	}
	draw(frame, from)
	return frame
}

// draw puts an image into the middle of a frame, made smaller if need be: each
// point is the mean of some of those that it stands for.
func draw(frame *image.RGBA, from image.Image) {
	size := from.Bounds().Size()
	scale := max(1, float64(size.X)/thumbWidth, float64(size.Y)/thumbHeight)
	width, height := max(1, int(float64(size.X)/scale)), max(1, int(float64(size.Y)/scale))
	left, top := (thumbWidth-width)/2, (thumbHeight-height)/2
	const samples = 3
	for y := range height {
		for x := range width {
			var sum [3]uint32
			for i := range samples * samples {
				fx := (float64(x) + (float64(i%samples)+0.5)/samples) * scale
				fy := (float64(y) + (float64(i/samples)+0.5)/samples) * scale
				r, g, b, alpha := from.At(from.Bounds().Min.X+min(int(fx), size.X-1), from.Bounds().Min.Y+min(int(fy), size.Y-1)).RGBA()
				white := 0xffff - alpha // what is transparent is white
				sum[0] += r + white
				sum[1] += g + white
				sum[2] += b + white
			}
			mean := func(i int) uint8 { return uint8(sum[i] / (samples * samples) >> 8) }
			frame.SetRGBA(left+x, top+y, color.RGBA{mean(0), mean(1), mean(2), 0xff})
		}
	}
}
