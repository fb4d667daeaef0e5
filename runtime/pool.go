package runtime

import "sync"

// pool keeps idle states by call depth, which is fixed when a state is made.
// It keeps at most max altogether. A state comes back only after a clean,
// light run, so that it holds no frame, thread or large buffer of that run.
type pool struct {
	max   int
	build func(depth int) *state
	mutex sync.Mutex
	idle  map[int][]*state
	count int
}

func newPool(max int, build func(depth int) *state) *pool {
	return &pool{max: max, build: build, idle: map[int][]*state{}}
}

// take returns an idle state, or a new one when none has that depth.
func (p *pool) take(depth int) *state {
	if s := p.takeIdle(depth); s != nil {
		return s
	}
	return p.build(depth)
}

func (p *pool) takeIdle(depth int) *state {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	idle := p.idle[depth]
	if len(idle) == 0 {
		return nil
	}
	last := len(idle) - 1
	s := idle[last]
	idle[last] = nil
	p.idle[depth] = idle[:last]
	p.count--
	return s
}

// give keeps a state unless enough are idle. When they are and none of them
// has this depth, one of another depth goes: depths that no script uses any
// more must not fill the pool.
func (p *pool) give(s *state) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.count >= p.max {
		if len(p.idle[s.depth]) > 0 || !p.evict() {
			return
		}
	}
	p.idle[s.depth] = append(p.idle[s.depth], s)
	p.count++
}

func (p *pool) evict() bool {
	for depth, idle := range p.idle {
		if len(idle) == 0 {
			delete(p.idle, depth)
			continue
		}
		last := len(idle) - 1
		idle[last] = nil
		p.idle[depth] = idle[:last]
		p.count--
		return true
	}
	return false
}
