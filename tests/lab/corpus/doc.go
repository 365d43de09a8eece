// Package corpus holds what the policy pack says against what is so: variants of the program with one fault each and
// variants without any, through the real engine, and generated nodes and pods, on a real control plane.
package corpus
