# Removes BIRD statements that only Calico's fork knows. They choose a tunnel device per route; with IPIP off they
# choose none. A branch of a condition needs a statement, so there an empty block takes the place.
/\(then\|else\)$/{
n
s/krt_tunnel = "[^"]*";/{ }/
}
/krt_tunnel = /d
