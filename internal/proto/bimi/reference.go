package bimi

import "fmt"

// maxReferences bounds what is remembered of a document's references.
const maxReferences = 10_000

// referenceGraph remembers the ids of a document and what refers to them, to
// find references to nothing, loops, and the few lines of <use> that stand for
// millions of elements.
type referenceGraph struct {
	nodes  map[string]*referenceNode
	open   []*referenceNode // what each open element counts for; the document first
	wants  map[string]int   // where an id is first referred to
	second string           // an id that occurs twice
	order  []string         // of wants
}

// A referenceNode is an element with an id, or the document.
type referenceNode struct {
	elements int              // in it, itself included; not those of its parts
	parts    []*referenceNode // the nodes in it
	uses     []string         // ids that <use> in it refers to, but not in its parts
	state    int              // of the walk: 0 not yet, 1 under way, 2 done
	total    int              // elements, parts included and each use replaced
}

func newReferenceGraph() *referenceGraph {
	document := &referenceNode{}
	return &referenceGraph{nodes: map[string]*referenceNode{}, open: []*referenceNode{document}, wants: map[string]int{}}
}

func (g *referenceGraph) top() *referenceNode { return g.open[len(g.open)-1] }

// start opens an element, with its id or without one.
func (g *referenceGraph) start(id string) {
	node := g.top()
	if id != "" {
		if g.nodes[id] != nil {
			g.second = id
		} else if len(g.nodes) < maxReferences {
			part := &referenceNode{}
			g.nodes[id] = part
			node.parts = append(node.parts, part)
			node = part
		}
	}
	node.elements++
	g.open = append(g.open, node)
}

func (g *referenceGraph) end() { g.open = g.open[:len(g.open)-1] }

func (g *referenceGraph) use(id string) {
	if n := g.top(); len(n.uses) < maxReferences {
		n.uses = append(n.uses, id)
	}
}

func (g *referenceGraph) wanted(id string, position int) {
	if _, known := g.wants[id]; !known && len(g.wants) < maxReferences {
		g.wants[id] = position
		g.order = append(g.order, id)
	}
}

func (g *referenceGraph) issues() []Issue {
	var issues []Issue
	for _, id := range g.order {
		if g.nodes[id] == nil {
			issues = append(issues, Issue{SeverityWarning, CodeReference, fmt.Sprintf("nothing in the document has the id %.80q", id), g.wants[id]})
		}
	}
	if g.second != "" {
		issues = append(issues, Issue{SeverityError, CodeXML, fmt.Sprintf("the id %.80q occurs twice", g.second), 0})
	}
	total, loops := g.expand(g.open[0])
	switch {
	case loops:
		issues = append(issues, Issue{SeverityError, CodeReference, "a <use> refers to what it stands in", 0})
	case total > maxExpansion:
		issues = append(issues, Issue{SeverityError, CodeReference, fmt.Sprintf("its <use> elements stand for more than %d elements", maxExpansion), 0})
	}
	return issues
}

// expand counts elements with each use replaced, and stops counting where it is
// too many. A node is counted once, so the work is that of the uses written;
// the depth is bounded by maxUseDepth.
func (g *referenceGraph) expand(n *referenceNode) (total int, loops bool) {
	return g.expandAt(n, 0)
}

const maxUseDepth = 1000

func (g *referenceGraph) expandAt(n *referenceNode, depth int) (total int, loops bool) {
	if n.state == 2 {
		return n.total, false
	}
	if n.state == 1 {
		return 0, true
	}
	if depth > maxUseDepth {
		return maxExpansion + 1, false
	}
	n.state = 1
	n.total = n.elements
	for _, part := range n.parts {
		if !n.add(g.expandAt(part, depth+1)) {
			return 0, true
		}
	}
	for _, id := range n.uses {
		if target := g.nodes[id]; target != nil && !n.add(g.expandAt(target, depth+1)) {
			return 0, true
		}
	}
	n.state = 2
	return n.total, false
}

// add takes what expandAt says of a node within, and reports whether to go on.
func (n *referenceNode) add(more int, loops bool) bool {
	n.total = min(n.total+more, maxExpansion+1)
	return !loops
}
