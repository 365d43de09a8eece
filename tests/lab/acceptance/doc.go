// Package acceptance accepts the policy pack by what is so: variants of the program with one fault each and variants without any, through
// the real engine, and generated nodes and pods, on a real control plane.
package acceptance
