package workloads

import "fmt"

func (p *problems) isolation(a *Args) {
	if a.Isolation != isolationTiers && a.Isolation != isolationOpen {
		p.add("isolation", a.Isolation, "must be tiers or open")
	}
	if a.Quota != quotaTiers && a.Quota != quotaNone {
		p.add("quota", a.Quota, "must be tiers or none")
	}
	p.CIDR("podCidr", a.PodCidr)
	p.egress(frontendName, a.Frontend.Egress)
	p.egress(backendName, a.Backend.Egress)
}

func (p *problems) egress(name string, destinations []Destination) {
	for i, to := range destinations {
		key := fmt.Sprintf("%s.egress[%d]", name, i)
		p.CIDR(key+".cidr", to.Cidr)
		if to.Port < 1 || to.Port > 65535 {
			p.Addf("%s.port %d: must be between 1 and 65535", key, to.Port)
		}
	}
}
