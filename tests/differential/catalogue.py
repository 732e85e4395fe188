"""All families of steps with their weights, and the ops that round nothing."""
from catalogue_nn import LAYERS, LOSSES
from catalogue_ops import GRAPH, INDEXING, PRODUCTS, REDUCTIONS, SORTS, WRITES
from catalogue_pointwise import ACTIVATIONS, BINARY, COMPARISONS, TERNARY, UNARY
from catalogue_views import COPIES, VIEWS

FAMILIES = [
    (14, UNARY),
    (18, BINARY),
    (6, COMPARISONS),
    (5, TERNARY),
    (6, ACTIVATIONS),
    (22, VIEWS),
    (10, COPIES),
    (10, INDEXING),
    (14, WRITES),
    (14, REDUCTIONS),
    (10, PRODUCTS),
    (6, SORTS),
    (10, LAYERS),
    (6, LOSSES),
    (5, GRAPH),
]

# Their results are elements of what they are given, or exact: noise would only break ties.
EXACT = {
    "cat", "stack", "where", "hstack", "vstack", "tile", "meshgrid", "broadcast_tensors", "block_diag", "nn.functional.relu",
    "nn.functional.pad", "nn.functional.max_pool1d", "nn.functional.max_pool2d", "nn.functional.adaptive_max_pool2d",
    "nn.functional.one_hot", "nn.functional.embedding", "nn.functional.pixel_shuffle", "nn.functional.unfold",
    "nn.functional.hardtanh", "nn.functional.relu6", "nn.functional.threshold", "nn.functional.channel_shuffle",
    "backward", "autograd.grad", "get_grad",
    *(
        f"Tensor.{name}{suffix}"
        for name in """abs neg sign floor ceil round trunc relu clamp clamp_min clamp_max maximum minimum fmax fmin amax amin max
        min cummax cummin sort msort topk kthvalue median nanmedian mode clone contiguous to float double half bfloat16 copy fill
        zero view reshape permute transpose t movedim expand narrow select squeeze unsqueeze flatten unflatten unbind split chunk
        tensor_split diagonal unfold as_strided __getitem__ __setitem__ repeat tile flip fliplr flipud roll rot90 repeat_interleave
        diag diag_embed diagflat tril triu gather scatter index_select index_copy index_fill take put masked_fill masked_scatter
        masked_select take_along_dim where nan_to_num detach T mT expand_as view_as reshape_as swapaxes hsplit vsplit
        broadcast_to ravel select_scatter slice_scatter diagonal_scatter narrow_copy copysign positive unique""".split()
        for suffix in ("", "_")
    ),
}
