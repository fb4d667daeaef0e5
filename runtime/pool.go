package runtime

import "sync"

// pool keeps idle states, by call depth, which is fixed when a state is made. A
// state comes back only after a clean, light run, so that it holds no frame,
// thread or large buffer of that run. What nobody takes, the garbage collector
// does: a new state costs microseconds, and taking one takes no lock.
type pool struct {
	build  func(depth int) *state
	depths sync.Map // int → *sync.Pool; at most as many as the depths' ceiling
}

func newPool(build func(depth int) *state) *pool { return &pool{build: build} }

// take returns an idle state, or a new one when none has that depth.
func (p *pool) take(depth int) *state {
	if idle, ok := p.depths.Load(depth); ok {
		if s := idle.(*sync.Pool).Get(); s != nil {
			return s.(*state)
		}
	}
	return p.build(depth)
}

func (p *pool) give(s *state) {
	idle, ok := p.depths.Load(s.depth)
	if !ok {
		idle, _ = p.depths.LoadOrStore(s.depth, &sync.Pool{})
	}
	idle.(*sync.Pool).Put(s)
}
