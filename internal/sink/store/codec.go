package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// spillBytes is from where on a message is compressed into a file, so that
	// it is not held in memory a second time.
	spillBytes = 1 << 20
	// spillsAtOnce bounds the memory of encoders and decoders of large messages.
	spillsAtOnce = 2
	// windowBytes is how far back the compression looks; it bounds the memory
	// that reading a record takes.
	windowBytes = 512 << 10
)

// A codec compresses. It is shared, because its tables are large.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	large   chan struct{} // holds spillsAtOnce
	buffers sync.Pool
}

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, encoderOptions()...)
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, decoderOptions()...)
	if err != nil {
		return nil, err
	}
	return &codec{encoder: encoder, decoder: decoder, large: make(chan struct{}, spillsAtOnce)}, nil
}

func encoderOptions() []zstd.EOption {
	return []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(windowBytes),
		zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false), // the record has a checksum
	}
}

func decoderOptions() []zstd.DOption {
	return []zstd.DOption{
		zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxBody), zstd.WithDecoderMaxWindow(2 * windowBytes),
	}
}

// An entry is a record that waits to be appended.
type entry struct {
	header
	meta, body []byte
	spill      spillBody // the body instead, when it is large
	eager      bool      // answered after a sync
	assign     bool      // a new message: the committer gives seq and time

	done chan result
	pool *[]byte
}

type result struct {
	header
	end position // behind the record
	err error
}

// encode makes an entry of a record's meta and body.
func (c *codec) encode(d disk, secret uint32, h header, meta, body []byte) (*entry, error) {
	if len(meta) > maxMeta || len(body) > maxBody {
		return nil, ErrTooLarge
	}
	e := &entry{header: h, done: make(chan result, 1)}
	e.pool, _ = c.buffers.Get().(*[]byte)
	if e.pool == nil {
		e.pool = new([]byte)
	}
	e.metaRaw, e.bodyRaw = uint32(len(meta)), uint64(len(body))
	b := c.encoder.EncodeAll(meta, (*e.pool)[:0])
	e.metaLen = uint32(len(b))
	if len(body) <= spillBytes {
		b = c.encoder.EncodeAll(body, b)
	}
	*e.pool = b
	e.meta, e.body = b[:e.metaLen], b[e.metaLen:]
	e.bodyLen = uint64(len(e.body))
	e.checksum = crc32.Update(secret, castagnoli, b)
	if len(body) > spillBytes {
		if err := c.spill(d, e, body); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// spill compresses a large body into a file.
func (c *codec) spill(d disk, e *entry, body []byte) (err error) {
	c.large <- struct{}{}
	defer func() { <-c.large }()
	file, err := d.spill()
	if err != nil {
		return err
	}
	e.spill = file
	sum := &summing{w: file, sum: e.checksum}
	w, err := zstd.NewWriter(sum, append(encoderOptions(), zstd.WithEncoderConcurrency(1))...)
	if err == nil {
		_, err = w.Write(body)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return errors.Join(err, e.spill.Close())
	}
	e.bodyLen, e.checksum = uint64(sum.n), sum.sum
	return nil
}

// release gives the buffers of an entry back, after the committer is done with it.
func (c *codec) release(e *entry) {
	// One that a large transcript made large is left to the collector.
	if e.pool != nil && cap(*e.pool) <= spillBytes {
		c.buffers.Put(e.pool)
	}
	e.pool, e.meta, e.body = nil, nil, nil
}

// discard removes the file of a large body.
func (e *entry) discard() error {
	if e.spill == nil {
		return nil
	}
	return e.spill.Close()
}

type summing struct {
	w   io.Writer
	sum uint32
	n   int64
}

func (s *summing) Write(p []byte) (int, error) {
	s.sum = crc32.Update(s.sum, castagnoli, p)
	s.n += int64(len(p))
	return s.w.Write(p)
}

// A recordReader reads one record.
type recordReader struct {
	header
	at   position
	file segmentFile
	log  *segmentLog
}

func (r *recordReader) Close() error { return r.file.Close() }

// stored returns n bytes behind the header, as they are.
func (r *recordReader) stored(offset, n int64) ([]byte, error) {
	b := make([]byte, n)
	if _, err := r.file.ReadAt(b, r.at.offset+headerBytes+offset); err != nil {
		return nil, r.log.damaged(r.at)
	}
	return b, nil
}

// meta returns the record's meta, decoded. The checksum is over all of the
// record, so it is not compared here.
func (c *codec) meta(r *recordReader) ([]byte, error) {
	b, err := r.stored(0, int64(r.metaLen))
	if err != nil {
		return nil, err
	}
	out, err := c.decoder.DecodeAll(b, make([]byte, 0, r.metaRaw))
	if err != nil || len(out) != int(r.metaRaw) {
		return nil, r.log.damaged(r.at)
	}
	return out, nil
}

// body returns the record's body, compared with the checksum.
func (c *codec) body(r *recordReader) ([]byte, error) {
	if r.bodyRaw > spillBytes {
		return c.largeBody(r)
	}
	b, err := r.stored(0, int64(r.metaLen)+int64(r.bodyLen))
	if err != nil {
		return nil, err
	}
	if crc32.Update(r.log.secret, castagnoli, b) != r.checksum {
		return nil, r.log.damaged(r.at)
	}
	out, err := c.decoder.DecodeAll(b[r.metaLen:], make([]byte, 0, r.bodyRaw))
	if err != nil || uint64(len(out)) != r.bodyRaw {
		return nil, r.log.damaged(r.at)
	}
	return out, nil
}

func (c *codec) largeBody(r *recordReader) ([]byte, error) {
	c.large <- struct{}{}
	defer func() { <-c.large }()
	out := make([]byte, r.bodyRaw)
	err := c.stream(r, func(decoded io.Reader) error {
		_, err := io.ReadFull(decoded, out)
		return err
	})
	return out, err
}

// stream hands the decoded body to read, and compares the checksum afterwards.
func (c *codec) stream(r *recordReader, read func(io.Reader) error) error {
	meta, err := r.stored(0, int64(r.metaLen))
	if err != nil {
		return err
	}
	section := io.NewSectionReader(r.file, r.at.offset+headerBytes+int64(r.metaLen), int64(r.bodyLen))
	sum := &summingReader{r: section, sum: crc32.Update(r.log.secret, castagnoli, meta)}
	decoder, err := zstd.NewReader(sum, append(decoderOptions(), zstd.WithDecoderConcurrency(1))...)
	if err != nil {
		return err
	}
	defer decoder.Close()
	if err := read(io.LimitReader(decoder, int64(r.bodyRaw))); err != nil {
		return fmt.Errorf("%w: %w", r.log.damaged(r.at), err)
	}
	if _, err := io.Copy(io.Discard, decoder); err != nil || sum.sum != r.checksum {
		return r.log.damaged(r.at)
	}
	return nil
}

type summingReader struct {
	r   io.Reader
	sum uint32
}

func (s *summingReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum = crc32.Update(s.sum, castagnoli, p[:n])
	return n, err
}
