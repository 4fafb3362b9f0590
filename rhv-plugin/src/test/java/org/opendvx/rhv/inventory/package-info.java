@NullMarked
package org.opendvx.rhv.inventory;

import org.jspecify.annotations.NullMarked;
