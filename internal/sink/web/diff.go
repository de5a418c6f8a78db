package web

// A diffLine is a line of two texts: in both, or in one.
type diffLine struct {
	Kind string // "same", "old", "new" or "gap"
	Text string
}

// contextLines is how many lines are shown around a difference.
const contextLines = 3

// diff returns the lines of a and b, differences in between what they share. Texts
// of more than maxComparedLines are compared up to there.
func diff(a, b []string) []diffLine {
	a, b = a[:min(len(a), maxComparedLines)], b[:min(len(b), maxComparedLines)]
	// common[i][j] is how many lines a[i:] and b[j:] have in common: a million
	// cells of two bytes at most.
	common := make([][]uint16, len(a)+1)
	for i := range common {
		common[i] = make([]uint16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []diffLine
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, diffLine{"same", shown(a[i])})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, diffLine{"old", shown(a[i])})
			i++
		default:
			lines = append(lines, diffLine{"new", shown(b[j])})
			j++
		}
	}
	return shorten(lines)
}

// shorten leaves out what is far from any difference.
func shorten(lines []diffLine) []diffLine {
	near := make([]bool, len(lines))
	for i, l := range lines {
		if l.Kind != "same" {
			for k := max(0, i-contextLines); k <= min(len(lines)-1, i+contextLines); k++ {
				near[k] = true
			}
		}
	}
	var short []diffLine
	for i, l := range lines {
		if near[i] {
			short = append(short, l)
		} else if n := len(short); n == 0 || short[n-1].Kind != "gap" {
			short = append(short, diffLine{"gap", "…"})
		}
	}
	return short
}

func same(lines []diffLine) bool {
	for _, l := range lines {
		if l.Kind == "old" || l.Kind == "new" {
			return false
		}
	}
	return true
}
