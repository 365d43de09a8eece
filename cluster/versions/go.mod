module ecommerce-platform/cluster/versions

go 1.26.6
