package bimi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Limits on an indicator.
const (
	MaxSVGSize = 32 << 10 // octets, uncompressed (draft-svg-tiny-ps-abrotman §2.5)

	// The rest is ours: what is looked at in a file that is over the size anyway.
	maxSVGRead   = 512 << 10 // octets, before and after decompression
	maxSVGDepth  = 64        // elements within each other
	maxSVGIssues = 100
	maxExpansion = 50_000 // elements, each use replaced by what it refers to
)

// An SVG is what an indicator's file holds.
type SVG struct {
	Title      string
	ViewBox    string
	Compressed bool   // the file was gzip (SVGZ)
	Size       int    // octets of Text
	Text       []byte // uncompressed; cut where it is too large to look at
	Issues     []Issue
}

// LintSVG judges a file, plain or gzip, by the SVG Tiny Portable/Secure profile.
// It always ends, whatever the bytes are.
func LintSVG(file []byte) SVG {
	text, compressed, err := decompress(file)
	s := SVG{Text: text, Size: len(text), Compressed: compressed}
	if err != nil {
		s.Issues = []Issue{{SeverityError, CodeGzip, err.Error(), 0}}
		return s
	}
	if s.Size >= maxSVGRead {
		s.Issues = append(s.Issues, Issue{SeverityError, CodeSize,
			fmt.Sprintf("the SVG has %d octets or more, and may have %d; it was not read", maxSVGRead, MaxSVGSize), MaxSVGSize})
		return s
	}
	if s.Size > MaxSVGSize {
		s.Issues = append(s.Issues, Issue{SeverityError, CodeSize,
			fmt.Sprintf("the SVG has %d octets, and may have %d", s.Size, MaxSVGSize), MaxSVGSize})
	}
	l := newLinter(text)
	l.run()
	s.Title, s.ViewBox = l.title, l.viewBox
	s.Issues = append(s.Issues, l.finish()...)
	return s
}

// decompress undoes gzip where there is gzip, and cuts what is too large.
func decompress(file []byte) (text []byte, compressed bool, err error) {
	if !bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		return file[:min(len(file), maxSVGRead)], false, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, true, fmt.Errorf("read the gzip file: %w", err)
	}
	text, err = io.ReadAll(io.LimitReader(r, maxSVGRead))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return text, true, errors.New("the gzip file is cut short")
	}
	if err != nil {
		return text, true, fmt.Errorf("read the gzip file: %w", err)
	}
	return text, true, nil
}

// sameSVG reports whether two files hold the same indicator, compressed or not.
func sameSVG(a, b []byte) bool {
	textA, _, errA := decompress(a)
	textB, _, errB := decompress(b)
	return errA == nil && errB == nil && len(textA) < maxSVGRead && bytes.Equal(textA, textB)
}
