"""Writes factors.json: LU, reflections and eigenvalues as PyTorch 1.13 computes them, with gradients."""
import torch, json
torch.manual_seed(0)
out={}
for name,(m,n) in dict(square=(4,4),tall=(4,2),wide=(2,4)).items():
    A=torch.randn(2,m,n,dtype=torch.float64,requires_grad=True)
    P,L,U=torch.linalg.lu(A)
    LU,piv=torch.linalg.lu_factor(A)
    w=torch.arange(1.,1+LU.numel(),dtype=torch.float64).view(LU.shape).sin()
    (LU*w).sum().backward()
    out[name]=dict(A=A.detach().flatten().tolist(),shape=[2,m,n],P=P.flatten().tolist(),L=L.detach().flatten().tolist(),U=U.detach().flatten().tolist(),LU=LU.detach().flatten().tolist(),pivots=piv.tolist(),grad=A.grad.flatten().tolist())
A=torch.tensor(out['square']['A'],dtype=torch.float64).view(2,4,4)
LU,piv=torch.linalg.lu_factor(A)
B=torch.arange(16.,dtype=torch.float64).view(2,4,2)
out['solve']={ f'{left}{adj}': torch.linalg.lu_solve(LU,piv,B if left else B.mT.contiguous(),left=left,adjoint=adj).flatten().tolist() for left in (True,False) for adj in (True,False)}
h,tau=torch.geqrf(torch.tensor(out['tall']['A'],dtype=torch.float64).view(2,4,2))
out['householder']=dict(h=h.flatten().tolist(),tau=tau.tolist(),q=torch.linalg.householder_product(h,tau).flatten().tolist())
h.requires_grad_();tau.requires_grad_()
M=torch.randn(5,5,dtype=torch.float64); D=torch.diag(torch.tensor([3.,-1.,2.,.5,-4.],dtype=torch.float64)); E=(M@D@torch.linalg.inv(M)).detach().requires_grad_()
w,v=torch.linalg.eig(E)
order=w.real.argsort()
vv=v.real[:,order]; 
loss=(w.real[order]*torch.arange(1.,6,dtype=torch.float64)).sum()+(vv**2*torch.arange(25.,dtype=torch.float64).view(5,5).cos()).sum()
loss.backward()
out['eig']=dict(E=E.detach().flatten().tolist(),w=w.real[order].tolist(),v2=(vv**2).flatten().tolist(),grad=E.grad.flatten().tolist())
json.dump(out,open('tests/ops/factors.json','w'))
