// node_modules/@lit/reactive-element/css-tag.js
/**
* @license
* Copyright 2019 Google LLC
* SPDX-License-Identifier: BSD-3-Clause
*/
var e = globalThis, t = e.ShadowRoot && (e.ShadyCSS === void 0 || e.ShadyCSS.nativeShadow) && "adoptedStyleSheets" in Document.prototype && "replace" in CSSStyleSheet.prototype, n = Symbol(), r = /* @__PURE__ */ new WeakMap(), i = class {
	constructor(e, t, r) {
		if (this._$cssResult$ = !0, r !== n) throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");
		this.cssText = e, this.t = t;
	}
	get styleSheet() {
		let e = this.o, n = this.t;
		if (t && e === void 0) {
			let t = n !== void 0 && n.length === 1;
			t && (e = r.get(n)), e === void 0 && ((this.o = e = new CSSStyleSheet()).replaceSync(this.cssText), t && r.set(n, e));
		}
		return e;
	}
	toString() {
		return this.cssText;
	}
}, a = (e) => new i(typeof e == "string" ? e : e + "", void 0, n), o = (e, ...t) => new i(e.length === 1 ? e[0] : t.reduce((t, n, r) => t + ((e) => {
	if (!0 === e._$cssResult$) return e.cssText;
	if (typeof e == "number") return e;
	throw Error("Value passed to 'css' function must be a 'css' function result: " + e + ". Use 'unsafeCSS' to pass non-literal values,but take care to ensure page security.");
})(n) + e[r + 1], e[0]), e, n), s = (n, r) => {
	if (t) n.adoptedStyleSheets = r.map((e) => e instanceof CSSStyleSheet ? e : e.styleSheet);
	else for (let t of r) {
		let r = document.createElement("style"), i = e.litNonce;
		i !== void 0 && r.setAttribute("nonce", i), r.textContent = t.cssText, n.appendChild(r);
	}
}, c = t ? (e) => e : (e) => e instanceof CSSStyleSheet ? ((e) => {
	let t = "";
	for (let n of e.cssRules) t += n.cssText;
	return a(t);
})(e) : e, { is: l, defineProperty: u, getOwnPropertyDescriptor: d, getOwnPropertyNames: f, getOwnPropertySymbols: p, getPrototypeOf: m } = Object, h = globalThis, g = h.trustedTypes, ee = g ? g.emptyScript : "", te = h.reactiveElementPolyfillSupport, _ = (e, t) => e, ne = {
	toAttribute(e, t) {
		/**
		* @license
		* Copyright 2017 Google LLC
		* SPDX-License-Identifier: BSD-3-Clause
		*/
		switch (t) {
			case Boolean:
				e = e ? ee : null;
				break;
			case Object:
			case Array: e = e == null ? e : JSON.stringify(e);
		}
		return e;
	},
	fromAttribute(e, t) {
		let n = e;
		switch (t) {
			case Boolean:
				n = e !== null;
				break;
			case Number:
				n = e === null ? null : Number(e);
				break;
			case Object:
			case Array: try {
				n = JSON.parse(e);
			} catch {
				n = null;
			}
		}
		return n;
	}
}, re = (e, t) => !l(e, t), ie = {
	attribute: !0,
	type: String,
	converter: ne,
	reflect: !1,
	useDefault: !1,
	hasChanged: re
};
Symbol.metadata ??= Symbol("metadata"), h.litPropertyMetadata ??= /* @__PURE__ */ new WeakMap();
var v = class extends HTMLElement {
	static addInitializer(e) {
		this._$Ei(), (this.l ??= []).push(e);
	}
	static get observedAttributes() {
		return this.finalize(), this._$Eh && [...this._$Eh.keys()];
	}
	static createProperty(e, t = ie) {
		if (t.state && (t.attribute = !1), this._$Ei(), this.prototype.hasOwnProperty(e) && ((t = Object.create(t)).wrapped = !0), this.elementProperties.set(e, t), !t.noAccessor) {
			let n = Symbol(), r = this.getPropertyDescriptor(e, n, t);
			r !== void 0 && u(this.prototype, e, r);
		}
	}
	static getPropertyDescriptor(e, t, n) {
		let { get: r, set: i } = d(this.prototype, e) ?? {
			get() {
				return this[t];
			},
			set(e) {
				this[t] = e;
			}
		};
		return {
			get: r,
			set(t) {
				let a = r?.call(this);
				i?.call(this, t), this.requestUpdate(e, a, n);
			},
			configurable: !0,
			enumerable: !0
		};
	}
	static getPropertyOptions(e) {
		return this.elementProperties.get(e) ?? ie;
	}
	static _$Ei() {
		if (this.hasOwnProperty(_("elementProperties"))) return;
		let e = m(this);
		e.finalize(), e.l !== void 0 && (this.l = [...e.l]), this.elementProperties = new Map(e.elementProperties);
	}
	static finalize() {
		if (this.hasOwnProperty(_("finalized"))) return;
		if (this.finalized = !0, this._$Ei(), this.hasOwnProperty(_("properties"))) {
			let e = this.properties, t = [...f(e), ...p(e)];
			for (let n of t) this.createProperty(n, e[n]);
		}
		let e = this[Symbol.metadata];
		if (e !== null) {
			let t = litPropertyMetadata.get(e);
			if (t !== void 0) for (let [e, n] of t) this.elementProperties.set(e, n);
		}
		this._$Eh = /* @__PURE__ */ new Map();
		for (let [e, t] of this.elementProperties) {
			let n = this._$Eu(e, t);
			n !== void 0 && this._$Eh.set(n, e);
		}
		this.elementStyles = this.finalizeStyles(this.styles);
	}
	static finalizeStyles(e) {
		let t = [];
		if (Array.isArray(e)) {
			let n = new Set(e.flat(1 / 0).reverse());
			for (let e of n) t.unshift(c(e));
		} else e !== void 0 && t.push(c(e));
		return t;
	}
	static _$Eu(e, t) {
		let n = t.attribute;
		return !1 === n ? void 0 : typeof n == "string" ? n : typeof e == "string" ? e.toLowerCase() : void 0;
	}
	constructor() {
		super(), this._$Ep = void 0, this.isUpdatePending = !1, this.hasUpdated = !1, this._$Em = null, this._$Ev();
	}
	_$Ev() {
		this._$ES = new Promise((e) => this.enableUpdating = e), this._$AL = /* @__PURE__ */ new Map(), this._$E_(), this.requestUpdate(), this.constructor.l?.forEach((e) => e(this));
	}
	addController(e) {
		(this._$EO ??= /* @__PURE__ */ new Set()).add(e), this.renderRoot !== void 0 && this.isConnected && e.hostConnected?.();
	}
	removeController(e) {
		this._$EO?.delete(e);
	}
	_$E_() {
		let e = /* @__PURE__ */ new Map(), t = this.constructor.elementProperties;
		for (let n of t.keys()) this.hasOwnProperty(n) && (e.set(n, this[n]), delete this[n]);
		e.size > 0 && (this._$Ep = e);
	}
	createRenderRoot() {
		let e = this.shadowRoot ?? this.attachShadow(this.constructor.shadowRootOptions);
		return s(e, this.constructor.elementStyles), e;
	}
	connectedCallback() {
		this.renderRoot ??= this.createRenderRoot(), this.enableUpdating(!0), this._$EO?.forEach((e) => e.hostConnected?.());
	}
	enableUpdating(e) {}
	disconnectedCallback() {
		this._$EO?.forEach((e) => e.hostDisconnected?.());
	}
	attributeChangedCallback(e, t, n) {
		this._$AK(e, n);
	}
	_$ET(e, t) {
		let n = this.constructor.elementProperties.get(e), r = this.constructor._$Eu(e, n);
		if (r !== void 0 && !0 === n.reflect) {
			let i = (n.converter?.toAttribute === void 0 ? ne : n.converter).toAttribute(t, n.type);
			this._$Em = e, i == null ? this.removeAttribute(r) : this.setAttribute(r, i), this._$Em = null;
		}
	}
	_$AK(e, t) {
		let n = this.constructor, r = n._$Eh.get(e);
		if (r !== void 0 && this._$Em !== r) {
			let e = n.getPropertyOptions(r), i = typeof e.converter == "function" ? { fromAttribute: e.converter } : e.converter?.fromAttribute === void 0 ? ne : e.converter;
			this._$Em = r;
			let a = i.fromAttribute(t, e.type);
			this[r] = a ?? this._$Ej?.get(r) ?? a, this._$Em = null;
		}
	}
	requestUpdate(e, t, n, r = !1, i) {
		if (e !== void 0) {
			let a = this.constructor;
			if (!1 === r && (i = this[e]), n ??= a.getPropertyOptions(e), !((n.hasChanged ?? re)(i, t) || n.useDefault && n.reflect && i === this._$Ej?.get(e) && !this.hasAttribute(a._$Eu(e, n)))) return;
			this.C(e, t, n);
		}
		!1 === this.isUpdatePending && (this._$ES = this._$EP());
	}
	C(e, t, { useDefault: n, reflect: r, wrapped: i }, a) {
		n && !(this._$Ej ??= /* @__PURE__ */ new Map()).has(e) && (this._$Ej.set(e, a ?? t ?? this[e]), !0 !== i || a !== void 0) || (this._$AL.has(e) || (this.hasUpdated || n || (t = void 0), this._$AL.set(e, t)), !0 === r && this._$Em !== e && (this._$Eq ??= /* @__PURE__ */ new Set()).add(e));
	}
	async _$EP() {
		this.isUpdatePending = !0;
		try {
			await this._$ES;
		} catch (e) {
			Promise.reject(e);
		}
		let e = this.scheduleUpdate();
		return e != null && await e, !this.isUpdatePending;
	}
	scheduleUpdate() {
		return this.performUpdate();
	}
	performUpdate() {
		if (!this.isUpdatePending) return;
		if (!this.hasUpdated) {
			if (this.renderRoot ??= this.createRenderRoot(), this._$Ep) {
				for (let [e, t] of this._$Ep) this[e] = t;
				this._$Ep = void 0;
			}
			let e = this.constructor.elementProperties;
			if (e.size > 0) for (let [t, n] of e) {
				let { wrapped: e } = n, r = this[t];
				!0 !== e || this._$AL.has(t) || r === void 0 || this.C(t, void 0, n, r);
			}
		}
		let e = !1, t = this._$AL;
		try {
			e = this.shouldUpdate(t), e ? (this.willUpdate(t), this._$EO?.forEach((e) => e.hostUpdate?.()), this.update(t)) : this._$EM();
		} catch (t) {
			throw e = !1, this._$EM(), t;
		}
		e && this._$AE(t);
	}
	willUpdate(e) {}
	_$AE(e) {
		this._$EO?.forEach((e) => e.hostUpdated?.()), this.hasUpdated || (this.hasUpdated = !0, this.firstUpdated(e)), this.updated(e);
	}
	_$EM() {
		this._$AL = /* @__PURE__ */ new Map(), this.isUpdatePending = !1;
	}
	get updateComplete() {
		return this.getUpdateComplete();
	}
	getUpdateComplete() {
		return this._$ES;
	}
	shouldUpdate(e) {
		return !0;
	}
	update(e) {
		this._$Eq &&= this._$Eq.forEach((e) => this._$ET(e, this[e])), this._$EM();
	}
	updated(e) {}
	firstUpdated(e) {}
};
v.elementStyles = [], v.shadowRootOptions = { mode: "open" }, v[_("elementProperties")] = /* @__PURE__ */ new Map(), v[_("finalized")] = /* @__PURE__ */ new Map(), te?.({ ReactiveElement: v }), (h.reactiveElementVersions ??= []).push("2.1.2");
// node_modules/lit-html/lit-html.js
/**
* @license
* Copyright 2017 Google LLC
* SPDX-License-Identifier: BSD-3-Clause
*/
var ae = globalThis, oe = (e) => e, se = ae.trustedTypes, ce = se ? se.createPolicy("lit-html", { createHTML: (e) => e }) : void 0, le = "$lit$", y = `lit$${Math.random().toFixed(9).slice(2)}$`, ue = "?" + y, de = `<${ue}>`, b = document, x = () => b.createComment(""), S = (e) => e === null || typeof e != "object" && typeof e != "function", fe = Array.isArray, pe = (e) => fe(e) || typeof e?.[Symbol.iterator] == "function", me = "[ 	\n\f\r]", C = /<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g, he = /-->/g, ge = />/g, w = RegExp(`>|${me}(?:([^\\s"'>=/]+)(${me}*=${me}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`, "g"), _e = /'/g, ve = /"/g, ye = /^(?:script|style|textarea|title)$/i, be = (e) => (t, ...n) => ({
	_$litType$: e,
	strings: t,
	values: n
}), T = be(1), E = be(2), D = Symbol.for("lit-noChange"), O = Symbol.for("lit-nothing"), xe = /* @__PURE__ */ new WeakMap(), k = b.createTreeWalker(b, 129);
function Se(e, t) {
	if (!fe(e) || !e.hasOwnProperty("raw")) throw Error("invalid template strings array");
	return ce === void 0 ? t : ce.createHTML(t);
}
var Ce = (e, t) => {
	let n = e.length - 1, r = [], i, a = t === 2 ? "<svg>" : t === 3 ? "<math>" : "", o = C;
	for (let t = 0; t < n; t++) {
		let n = e[t], s, c, l = -1, u = 0;
		for (; u < n.length && (o.lastIndex = u, c = o.exec(n), c !== null);) u = o.lastIndex, o === C ? c[1] === "!--" ? o = he : c[1] === void 0 ? c[2] === void 0 ? c[3] !== void 0 && (o = w) : (ye.test(c[2]) && (i = RegExp("</" + c[2], "g")), o = w) : o = ge : o === w ? c[0] === ">" ? (o = i ?? C, l = -1) : c[1] === void 0 ? l = -2 : (l = o.lastIndex - c[2].length, s = c[1], o = c[3] === void 0 ? w : c[3] === "\"" ? ve : _e) : o === ve || o === _e ? o = w : o === he || o === ge ? o = C : (o = w, i = void 0);
		let d = o === w && e[t + 1].startsWith("/>") ? " " : "";
		a += o === C ? n + de : l >= 0 ? (r.push(s), n.slice(0, l) + le + n.slice(l) + y + d) : n + y + (l === -2 ? t : d);
	}
	return [Se(e, a + (e[n] || "<?>") + (t === 2 ? "</svg>" : t === 3 ? "</math>" : "")), r];
}, we = class e {
	constructor({ strings: t, _$litType$: n }, r) {
		let i;
		this.parts = [];
		let a = 0, o = 0, s = t.length - 1, c = this.parts, [l, u] = Ce(t, n);
		if (this.el = e.createElement(l, r), k.currentNode = this.el.content, n === 2 || n === 3) {
			let e = this.el.content.firstChild;
			e.replaceWith(...e.childNodes);
		}
		for (; (i = k.nextNode()) !== null && c.length < s;) {
			if (i.nodeType === 1) {
				if (i.hasAttributes()) for (let e of i.getAttributeNames()) if (e.endsWith(le)) {
					let t = u[o++], n = i.getAttribute(e).split(y), r = /([.?@])?(.*)/.exec(t);
					c.push({
						type: 1,
						index: a,
						name: r[2],
						strings: n,
						ctor: r[1] === "." ? De : r[1] === "?" ? Oe : r[1] === "@" ? ke : j
					}), i.removeAttribute(e);
				} else e.startsWith(y) && (c.push({
					type: 6,
					index: a
				}), i.removeAttribute(e));
				if (ye.test(i.tagName)) {
					let e = i.textContent.split(y), t = e.length - 1;
					if (t > 0) {
						i.textContent = se ? se.emptyScript : "";
						for (let n = 0; n < t; n++) i.append(e[n], x()), k.nextNode(), c.push({
							type: 2,
							index: ++a
						});
						i.append(e[t], x());
					}
				}
			} else if (i.nodeType === 8) {
				if (i.data === ue) c.push({
					type: 2,
					index: a
				});
				else {
					let e = -1;
					for (; (e = i.data.indexOf(y, e + 1)) !== -1;) c.push({
						type: 7,
						index: a
					}), e += y.length - 1;
				}
			}
			a++;
		}
	}
	static createElement(e, t) {
		let n = b.createElement("template");
		return n.innerHTML = e, n;
	}
};
function A(e, t, n = e, r) {
	if (t === D) return t;
	let i = r === void 0 ? n._$Cl : n._$Co?.[r], a = S(t) ? void 0 : t._$litDirective$;
	return i?.constructor !== a && (i?._$AO?.(!1), a === void 0 ? i = void 0 : (i = new a(e), i._$AT(e, n, r)), r === void 0 ? n._$Cl = i : (n._$Co ??= [])[r] = i), i !== void 0 && (t = A(e, i._$AS(e, t.values), i, r)), t;
}
var Te = class {
	constructor(e, t) {
		this._$AV = [], this._$AN = void 0, this._$AD = e, this._$AM = t;
	}
	get parentNode() {
		return this._$AM.parentNode;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	u(e) {
		let { el: { content: t }, parts: n } = this._$AD, r = (e?.creationScope ?? b).importNode(t, !0);
		k.currentNode = r;
		let i = k.nextNode(), a = 0, o = 0, s = n[0];
		for (; s !== void 0;) {
			if (a === s.index) {
				let t;
				s.type === 2 ? t = new Ee(i, i.nextSibling, this, e) : s.type === 1 ? t = new s.ctor(i, s.name, s.strings, this, e) : s.type === 6 && (t = new Ae(i, this, e)), this._$AV.push(t), s = n[++o];
			}
			a !== s?.index && (i = k.nextNode(), a++);
		}
		return k.currentNode = b, r;
	}
	p(e) {
		let t = 0;
		for (let n of this._$AV) n !== void 0 && (n.strings === void 0 ? n._$AI(e[t]) : (n._$AI(e, n, t), t += n.strings.length - 2)), t++;
	}
}, Ee = class e {
	get _$AU() {
		return this._$AM?._$AU ?? this._$Cv;
	}
	constructor(e, t, n, r) {
		this.type = 2, this._$AH = O, this._$AN = void 0, this._$AA = e, this._$AB = t, this._$AM = n, this.options = r, this._$Cv = r?.isConnected ?? !0;
	}
	get parentNode() {
		let e = this._$AA.parentNode, t = this._$AM;
		return t !== void 0 && e?.nodeType === 11 && (e = t.parentNode), e;
	}
	get startNode() {
		return this._$AA;
	}
	get endNode() {
		return this._$AB;
	}
	_$AI(e, t = this) {
		e = A(this, e, t), S(e) ? e === O || e == null || e === "" ? (this._$AH !== O && this._$AR(), this._$AH = O) : e !== this._$AH && e !== D && this._(e) : e._$litType$ === void 0 ? e.nodeType === void 0 ? pe(e) ? this.k(e) : this._(e) : this.T(e) : this.$(e);
	}
	O(e) {
		return this._$AA.parentNode.insertBefore(e, this._$AB);
	}
	T(e) {
		this._$AH !== e && (this._$AR(), this._$AH = this.O(e));
	}
	_(e) {
		this._$AH !== O && S(this._$AH) ? this._$AA.nextSibling.data = e : this.T(b.createTextNode(e)), this._$AH = e;
	}
	$(e) {
		let { values: t, _$litType$: n } = e, r = typeof n == "number" ? this._$AC(e) : (n.el === void 0 && (n.el = we.createElement(Se(n.h, n.h[0]), this.options)), n);
		if (this._$AH?._$AD === r) this._$AH.p(t);
		else {
			let e = new Te(r, this), n = e.u(this.options);
			e.p(t), this.T(n), this._$AH = e;
		}
	}
	_$AC(e) {
		let t = xe.get(e.strings);
		return t === void 0 && xe.set(e.strings, t = new we(e)), t;
	}
	k(t) {
		fe(this._$AH) || (this._$AH = [], this._$AR());
		let n = this._$AH, r, i = 0;
		for (let a of t) i === n.length ? n.push(r = new e(this.O(x()), this.O(x()), this, this.options)) : r = n[i], r._$AI(a), i++;
		i < n.length && (this._$AR(r && r._$AB.nextSibling, i), n.length = i);
	}
	_$AR(e = this._$AA.nextSibling, t) {
		for (this._$AP?.(!1, !0, t); e !== this._$AB;) {
			let t = oe(e).nextSibling;
			oe(e).remove(), e = t;
		}
	}
	setConnected(e) {
		this._$AM === void 0 && (this._$Cv = e, this._$AP?.(e));
	}
}, j = class {
	get tagName() {
		return this.element.tagName;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	constructor(e, t, n, r, i) {
		this.type = 1, this._$AH = O, this._$AN = void 0, this.element = e, this.name = t, this._$AM = r, this.options = i, n.length > 2 || n[0] !== "" || n[1] !== "" ? (this._$AH = Array(n.length - 1).fill(/* @__PURE__ */ new String()), this.strings = n) : this._$AH = O;
	}
	_$AI(e, t = this, n, r) {
		let i = this.strings, a = !1;
		if (i === void 0) e = A(this, e, t, 0), a = !S(e) || e !== this._$AH && e !== D, a && (this._$AH = e);
		else {
			let r = e, o, s;
			for (e = i[0], o = 0; o < i.length - 1; o++) s = A(this, r[n + o], t, o), s === D && (s = this._$AH[o]), a ||= !S(s) || s !== this._$AH[o], s === O ? e = O : e !== O && (e += (s ?? "") + i[o + 1]), this._$AH[o] = s;
		}
		a && !r && this.j(e);
	}
	j(e) {
		e === O ? this.element.removeAttribute(this.name) : this.element.setAttribute(this.name, e ?? "");
	}
}, De = class extends j {
	constructor() {
		super(...arguments), this.type = 3;
	}
	j(e) {
		this.element[this.name] = e === O ? void 0 : e;
	}
}, Oe = class extends j {
	constructor() {
		super(...arguments), this.type = 4;
	}
	j(e) {
		this.element.toggleAttribute(this.name, !!e && e !== O);
	}
}, ke = class extends j {
	constructor(e, t, n, r, i) {
		super(e, t, n, r, i), this.type = 5;
	}
	_$AI(e, t = this) {
		if ((e = A(this, e, t, 0) ?? O) === D) return;
		let n = this._$AH, r = e === O && n !== O || e.capture !== n.capture || e.once !== n.once || e.passive !== n.passive, i = e !== O && (n === O || r);
		r && this.element.removeEventListener(this.name, this, n), i && this.element.addEventListener(this.name, this, e), this._$AH = e;
	}
	handleEvent(e) {
		typeof this._$AH == "function" ? this._$AH.call(this.options?.host ?? this.element, e) : this._$AH.handleEvent(e);
	}
}, Ae = class {
	constructor(e, t, n) {
		this.element = e, this.type = 6, this._$AN = void 0, this._$AM = t, this.options = n;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AI(e) {
		A(this, e);
	}
}, je = {
	M: le,
	P: y,
	A: ue,
	C: 1,
	L: Ce,
	R: Te,
	D: pe,
	V: A,
	I: Ee,
	H: j,
	N: Oe,
	U: ke,
	B: De,
	F: Ae
}, Me = ae.litHtmlPolyfillSupport;
Me?.(we, Ee), (ae.litHtmlVersions ??= []).push("3.3.3");
var Ne = (e, t, n) => {
	let r = n?.renderBefore ?? t, i = r._$litPart$;
	if (i === void 0) {
		let e = n?.renderBefore ?? null;
		r._$litPart$ = i = new Ee(t.insertBefore(x(), e), e, void 0, n ?? {});
	}
	return i._$AI(e), i;
}, Pe = globalThis, M = class extends v {
	constructor() {
		/**
		* @license
		* Copyright 2017 Google LLC
		* SPDX-License-Identifier: BSD-3-Clause
		*/
		super(...arguments), this.renderOptions = { host: this }, this._$Do = void 0;
	}
	createRenderRoot() {
		let e = super.createRenderRoot();
		return this.renderOptions.renderBefore ??= e.firstChild, e;
	}
	update(e) {
		let t = this.render();
		this.hasUpdated || (this.renderOptions.isConnected = this.isConnected), super.update(e), this._$Do = Ne(t, this.renderRoot, this.renderOptions);
	}
	connectedCallback() {
		super.connectedCallback(), this._$Do?.setConnected(!0);
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this._$Do?.setConnected(!1);
	}
	render() {
		return D;
	}
};
M._$litElement$ = !0, M.finalized = !0, Pe.litElementHydrateSupport?.({ LitElement: M });
var Fe = Pe.litElementPolyfillSupport;
Fe?.({ LitElement: M }), (Pe.litElementVersions ??= []).push("4.2.2");
// node_modules/lit-html/directive.js
/**
* @license
* Copyright 2017 Google LLC
* SPDX-License-Identifier: BSD-3-Clause
*/
var Ie = {
	ATTRIBUTE: 1,
	CHILD: 2,
	PROPERTY: 3,
	BOOLEAN_ATTRIBUTE: 4,
	EVENT: 5,
	ELEMENT: 6
}, Le = (e) => (...t) => ({
	_$litDirective$: e,
	values: t
}), Re = class {
	constructor(e) {}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AT(e, t, n) {
		this._$Ct = e, this._$AM = t, this._$Ci = n;
	}
	_$AS(e, t) {
		return this.update(e, t);
	}
	update(e, t) {
		return this.render(...t);
	}
}, ze = {}, Be = Le(class extends Re {
	constructor() {
		/**
		* @license
		* Copyright 2018 Google LLC
		* SPDX-License-Identifier: BSD-3-Clause
		*/
		super(...arguments), this.ot = ze;
	}
	render(e, t) {
		return t();
	}
	update(e, [t, n]) {
		if (Array.isArray(t)) {
			if (Array.isArray(this.ot) && this.ot.length === t.length && t.every((e, t) => e === this.ot[t])) return D;
		} else if (this.ot === t) return D;
		return this.ot = Array.isArray(t) ? Array.from(t) : t, this.render(t, n);
	}
}), { I: Ve } = je, He = (e) => e, Ue = () => document.createComment(""), N = (e, t, n) => {
	/**
	* @license
	* Copyright 2020 Google LLC
	* SPDX-License-Identifier: BSD-3-Clause
	*/
	let r = e._$AA.parentNode, i = t === void 0 ? e._$AB : t._$AA;
	if (n === void 0) n = new Ve(r.insertBefore(Ue(), i), r.insertBefore(Ue(), i), e, e.options);
	else {
		let t = n._$AB.nextSibling, a = n._$AM, o = a !== e;
		if (o) {
			let t;
			n._$AQ?.(e), n._$AM = e, n._$AP !== void 0 && (t = e._$AU) !== a._$AU && n._$AP(t);
		}
		if (t !== i || o) {
			let e = n._$AA;
			for (; e !== t;) {
				let t = He(e).nextSibling;
				He(r).insertBefore(e, i), e = t;
			}
		}
	}
	return n;
}, P = (e, t, n = e) => (e._$AI(t, n), e), We = {}, Ge = (e, t = We) => e._$AH = t, Ke = (e) => e._$AH, qe = (e) => {
	e._$AR(), e._$AA.remove();
}, Je = (e, t, n) => {
	/**
	* @license
	* Copyright 2017 Google LLC
	* SPDX-License-Identifier: BSD-3-Clause
	*/
	let r = /* @__PURE__ */ new Map();
	for (let i = t; i <= n; i++) r.set(e[i], i);
	return r;
}, Ye = Le(class extends Re {
	constructor(e) {
		if (super(e), e.type !== Ie.CHILD) throw Error("repeat() can only be used in text expressions");
	}
	dt(e, t, n) {
		let r;
		n === void 0 ? n = t : t !== void 0 && (r = t);
		let i = [], a = [], o = 0;
		for (let t of e) i[o] = r ? r(t, o) : o, a[o] = n(t, o), o++;
		return {
			values: a,
			keys: i
		};
	}
	render(e, t, n) {
		return this.dt(e, t, n).values;
	}
	update(e, [t, n, r]) {
		let i = Ke(e), { values: a, keys: o } = this.dt(t, n, r);
		if (!Array.isArray(i)) return this.ut = o, a;
		let s = this.ut ??= [], c = [], l, u, d = 0, f = i.length - 1, p = 0, m = a.length - 1;
		for (; d <= f && p <= m;) if (i[d] === null) d++;
		else if (i[f] === null) f--;
		else if (s[d] === o[p]) c[p] = P(i[d], a[p]), d++, p++;
		else if (s[f] === o[m]) c[m] = P(i[f], a[m]), f--, m--;
		else if (s[d] === o[m]) c[m] = P(i[d], a[m]), N(e, c[m + 1], i[d]), d++, m--;
		else if (s[f] === o[p]) c[p] = P(i[f], a[p]), N(e, i[d], i[f]), f--, p++;
		else if (l === void 0 && (l = Je(o, p, m), u = Je(s, d, f)), l.has(s[d])) {
			if (l.has(s[f])) {
				let t = u.get(o[p]), n = t === void 0 ? null : i[t];
				if (n === null) {
					let t = N(e, i[d]);
					P(t, a[p]), c[p] = t;
				} else c[p] = P(n, a[p]), N(e, i[d], n), i[t] = null;
				p++;
			} else qe(i[f]), f--;
		} else qe(i[d]), d++;
		for (; p <= m;) {
			let t = N(e, c[m + 1]);
			P(t, a[p]), c[p++] = t;
		}
		for (; d <= f;) {
			let e = i[d++];
			e !== null && qe(e);
		}
		return this.ut = o, Ge(e, c), D;
	}
}), Xe = "feishu_freebusy";
function Ze({ config: { state: e } }) {
	return e === "NOT_RUNNING" || e === "STARTING";
}
function Qe(e, t) {
	let n = e.entities[t];
	return t.startsWith("binary_sensor.") && n?.platform === "feishu_freebusy" && (n.translation_key ?? "busy") === "busy";
}
function F(e) {
	return Object.keys(e.entities).filter((t) => Qe(e, t) && !e.entities[t]?.hidden);
}
function $e(e, t) {
	let n = e.entities[t]?.device_id;
	if (!n) return {};
	let r = Object.values(e.entities).flatMap((e) => e?.device_id === n && e.platform === "feishu_freebusy" && e.entity_id.startsWith("button.") && e.translation_key ? [[e.translation_key, e.entity_id]] : []);
	return Object.fromEntries(r);
}
function et(e, t, n) {
	let r = {
		config: {
			entity: t,
			tap_action: n
		},
		action: "tap"
	};
	e.dispatchEvent(new CustomEvent("hass-action", {
		detail: r,
		bubbles: !0,
		composed: !0
	}));
}
// src/model/zone.ts
var I = 1e3, L = 60 * I, R = 60 * L, tt = 24 * R, nt = {
	year: "numeric",
	month: "numeric",
	day: "numeric",
	hour: "numeric",
	minute: "numeric",
	second: "numeric"
}, rt = /* @__PURE__ */ new Map();
function it(e) {
	let t = rt.get(e);
	return t || (t = new Intl.DateTimeFormat("en-US", {
		...nt,
		hourCycle: "h23",
		timeZone: e
	}), rt.set(e, t)), t;
}
function at(e, t) {
	let n = {
		year: 0,
		month: 0,
		day: 0,
		hour: 0,
		minute: 0,
		second: 0
	};
	for (let { type: r, value: i } of it(t).formatToParts(e)) r in n && (n[r] = Number(i));
	return Date.UTC(n.year, n.month - 1, n.day, n.hour, n.minute, n.second);
}
function z(e, t) {
	return Math.floor(at(e, t) / tt);
}
function B(e, t, n) {
	let r = e * tt + t * R, i = [r - tt, r + tt].map((e) => r - (at(e, n) - e)), a = i.filter((e) => at(e, n) === r);
	return a.length ? Math.min(...a) : Math.max(...i);
}
function ot(e) {
	if (!e) return !1;
	try {
		return it(e), !0;
	} catch {
		return !1;
	}
}
// src/model/status.ts
var st = 10 * L, ct = 30 * I;
function lt(e, { now: t, lostAt: n, isClockRight: r, soon: i }) {
	if (e.state === "unavailable" || e.state === "missing") return pt(e.state);
	let a = ut(e);
	if (n === null) {
		let n = dt(e);
		return r && n !== null && n <= t ? pt("overdue") : mt(e, t, i);
	}
	return t < n || t - n >= st ? pt("offline") : mt(a !== null && a <= t ? ht(e, t) : e, t, i);
}
function ut(e) {
	return e.state === "busy" ? e.busyUntil : e.nextBusy;
}
function dt(e) {
	let t = ut(e);
	return t === null ? null : t + ct;
}
function ft(e, t, n) {
	return e.kind === "free" && (e.until === null || e.until - t >= n);
}
function pt(e) {
	return {
		kind: "unknown",
		doubt: e,
		until: null,
		soon: !1,
		next: null,
		nextFree: null
	};
}
function mt(e, t, n) {
	let r = e.state === "busy", i = ut(e), { nextBusy: a } = e;
	return {
		kind: r ? e.disabledReason === null ? "busy" : "disabled" : "free",
		doubt: null,
		until: i,
		soon: i !== null && i - t <= n,
		next: a === null ? null : {
			start: a,
			end: e.bookings.find((e) => e.start === a)?.end ?? null
		},
		nextFree: e.nextFree === i && r ? null : e.nextFree
	};
}
function ht(e, t) {
	let n = e.bookings.find((e) => e.start <= t && t < e.end);
	return {
		...e,
		state: n ? "busy" : "free",
		busyUntil: n?.end ?? null,
		nextBusy: e.bookings.find((e) => e.start > t)?.start ?? null,
		nextFree: null,
		disabledReason: null
	};
}
// src/model/board.ts
var gt = {
	free: 0,
	busy: 2,
	disabled: 3,
	unknown: 4
};
function _t(e, t, n) {
	return e.filter(({ room: e, view: r }) => (!t.place || e.place === t.place) && (!t.seats || (e.seats ?? 0) >= t.seats) && (!t.freeFor || ft(r.status, n, t.freeFor * 6e4)));
}
function vt(e, t, n, r) {
	let i = [...e].sort((e, t) => (n ? St(e) - St(t) : 0) || r(e.room.name, t.room.name));
	return t ? [...bt(e, r), ""].flatMap((e) => {
		let t = i.filter(({ room: t }) => t.place === e);
		return t.length ? [{
			place: e,
			rows: t,
			free: yt(t)
		}] : [];
	}) : i.length ? [{
		place: "",
		rows: i,
		free: yt(i)
	}] : [];
}
function yt(e) {
	return e.filter(({ view: e }) => e.status.kind === "free").length;
}
function bt(e, t) {
	return [...new Set(e.map(({ room: e }) => e.place).filter(Boolean))].sort(t);
}
function xt(e) {
	return [...new Set(e.flatMap(({ room: e }) => e.seats ?? []))].sort((e, t) => e - t).slice(1);
}
function St({ view: { status: e } }) {
	return gt[e.kind] + (e.kind === "free" && e.soon ? 1 : 0);
}
// src/model/formats.ts
var Ct = 7, wt = class e {
	#e;
	#t;
	#n;
	#r;
	#i;
	#a;
	#o;
	constructor(e, t, n, r) {
		this.zone = t;
		let i = (n) => new Intl.DateTimeFormat(e, {
			timeZone: t,
			...n
		}), a = {
			hour: n ? "numeric" : "2-digit",
			hourCycle: n ? "h12" : "h23"
		};
		this.compare = new Intl.Collator(e, { numeric: !0 }).compare, this.#e = r, this.#t = i({
			...a,
			minute: "2-digit"
		}), this.#n = n ? i(a) : this.#t, this.#r = i({ weekday: "short" }), this.#i = i({
			month: "short",
			day: "numeric"
		}), this.#a = i({
			weekday: "long",
			month: "long",
			day: "numeric"
		}), this.#o = new Intl.RelativeTimeFormat(e, { numeric: "auto" }).format(1, "day");
	}
	static of(t, n) {
		let { time_format: r, time_zone: i } = t.locale, a = Et(t.locale.language), o = Intl.DateTimeFormat().resolvedOptions().timeZone, s = i !== "local" && ot(t.config.time_zone) ? t.config.time_zone : o, c = Tt(a) === Tt(n.language) ? a : n.language;
		return new e(c, s, Dt(a, r), n);
	}
	time(e) {
		return this.#t.format(e);
	}
	hour(e) {
		return this.#n.format(e);
	}
	today(e) {
		return this.#a.format(e);
	}
	isToday(e, t) {
		return this.#c(e - 1, t) === 0;
	}
	end(e, t) {
		return this.#s(e, this.#c(e - 1, t));
	}
	start(e, t) {
		return this.#s(e, this.#c(e, t));
	}
	span(e, t, n) {
		let r = this.#c(t - 1, e) === 0;
		return `${this.start(e, n)} – ${r ? this.time(t) : this.end(t, n)}`;
	}
	left(e, t) {
		let n = Math.max(0, Math.ceil((e - Math.floor(t / L) * L) / L)), r = R / L;
		return this.#e.duration(Math.floor(n / r), n % r);
	}
	#s(e, t) {
		let n = this.time(e);
		return t === 0 ? n : t === 1 ? `${this.#o} ${n}` : `${(0 < t && t < Ct ? this.#r : this.#i).format(e)} ${n}`;
	}
	#c(e, t) {
		return z(e, this.zone) - z(t, this.zone);
	}
};
function Tt(e) {
	return e.split("-")[0];
}
function Et(e) {
	try {
		return Intl.getCanonicalLocales(e)[0] ?? "en";
	} catch {
		return "en";
	}
}
function Dt(e, t) {
	if (t === "12" || t === "24") return t === "12";
	let n = t === "system" ? void 0 : e;
	return new Intl.DateTimeFormat(n, { hour: "numeric" }).resolvedOptions().hour12 ?? !1;
}
// src/model/pages.ts
var V = 2.6, Ot = 2.2, kt = 34, At = 26, jt = 15, Mt = 28, Nt = 6, Pt = 1200, Ft = 16, It = 50;
function Lt(e, t) {
	let n = [], r = 0;
	for (let i of e) {
		let e = i.rows;
		for (; e.length;) {
			let a = Math.floor((r - Ot) / V + 1e-6);
			if (a > 2 && e.length - a === 1 && a--, n.length && a >= Math.min(e.length, 2)) {
				let t = e !== i.rows;
				n[n.length - 1]?.push({
					...i,
					rows: e.slice(0, a),
					all: i.rows.length,
					isContinued: t
				}), r -= Ot + V * Math.min(a, e.length), e = e.slice(a);
			} else n.push([]), r = Math.max(t, 7.4);
		}
	}
	return n;
}
function Rt(e, t, n) {
	for (let r = 1; r < It; r++) for (let i of [!0, !1]) {
		let a = Bt(e, t, n, r, i);
		if (a.size >= jt) return a;
	}
	return Bt(e, t, n, It, !1);
}
function zt(e, t) {
	let n = e.reduce((e, { rows: t }) => e + t.length, 0) > Ft && t >= Pt ? 2 : 1;
	return {
		columns: n,
		height: n > 1 ? Vt(e, n) : Infinity,
		size: 0,
		hasStrips: !0
	};
}
function Bt(e, t, n, r, i) {
	let a = i ? kt : At, o = Math.min(Nt, Math.max(1, Math.floor(t / (a * jt))));
	return Array.from({ length: o }, (o, s) => {
		let c = s + 1, l = Vt(e, c * r), u = Math.floor(Math.min(Mt, t / c / a, n / l) * 4) / 4;
		return {
			columns: c,
			height: Math.max(l, n / u),
			size: u,
			hasStrips: i
		};
	}).reduce((e, t) => t.size > e.size ? t : e);
}
function Vt(e, t) {
	let n = e.reduce((e, { rows: t }) => e + Ot + V * t.length, 0), r = Math.max(7.4, n / t);
	for (; Lt(e, r).length > t;) r += V / 2;
	return r;
}
// src/model/room.ts
function Ht(e, t) {
	return e.start < t.end && t.start < e.end;
}
var Ut = {
	on: "busy",
	off: "free"
};
function H(e, t, n) {
	let r = e.states[t], i = r?.attributes ?? {}, a = Wt(e, t);
	return {
		id: t,
		name: n || U(i.friendly_name) || t,
		place: a,
		building: U(i.building) || (a.split(" / ")[0] ?? ""),
		seats: Gt(i.capacity) || null,
		state: r ? Ut[r.state] ?? "unavailable" : Ze(e) ? "unavailable" : "missing",
		busyUntil: W(i.busy_until),
		nextBusy: W(i.next_busy_time),
		nextFree: W(i.next_free_time),
		disabledReason: typeof i.disabled_reason == "string" ? i.disabled_reason : null,
		pending: Gt(i.pending),
		bookings: Kt(i.bookings, (e) => e),
		labels: Kt(i.titles, (e, t) => ({
			...e,
			title: U(t.title),
			organizer: U(t.organizer)
		}))
	};
}
function Wt(e, t) {
	let n = e.states[t]?.attributes ?? {}, r = [U(n.building), U(n.floor)].filter(Boolean).join(" / "), i = e.entities[t]?.device_id;
	return r || i && e.devices[i]?.model || "";
}
function U(e) {
	return typeof e == "string" ? e : "";
}
function Gt(e) {
	return typeof e == "number" && e > 0 ? e : 0;
}
function W(e) {
	let t = typeof e == "string" ? Date.parse(e) : NaN;
	return Number.isNaN(t) ? null : t;
}
function Kt(e, t) {
	return Array.isArray(e) ? e.flatMap((e) => {
		let n = W(e?.start), r = W(e?.end);
		return n !== null && r !== null && n < r ? [t({
			start: n,
			end: r
		}, e)] : [];
	}) : [];
}
// src/model/timeline.ts
function qt(e, t, n, r) {
	let i = z(e, t), a = Array.from({ length: 25 }, (e, n) => ({
		hour: n,
		at: B(i, n, t)
	})), o = a.map(({ hour: t, at: i }) => n <= t && t <= r || e - 36e5 < i && i <= e + 36e5), s = Yt(a.slice(o.indexOf(!0), o.lastIndexOf(!0) + 1));
	return {
		start: s[0]?.at ?? e,
		end: s[s.length - 1]?.at ?? e,
		hours: s,
		whole: Xt(i, t)
	};
}
function Jt(e, t, n, r) {
	let i = z(e, t), a = Xt(i, t), [o, s] = [e - n * R, e + r * R], c = Math.floor((o - a.start) / R) - 1;
	return {
		start: o,
		end: s,
		hours: Yt(Array.from({ length: n + r + 4 }, (e, t) => c + t).map((e) => ({
			hour: (e + 24) % 24,
			at: B(i, e, t)
		}))).filter(({ at: e }) => o <= e && e < s),
		whole: a
	};
}
function Yt(e) {
	return e.filter(({ at: t }, n) => t !== e[n + 1]?.at);
}
function Xt(e, t) {
	return {
		start: B(e, 0, t),
		end: B(e, 24, t)
	};
}
function Zt(e, t, n) {
	let r = (e) => Math.min(1, Math.max(0, (e - t.start) / (t.end - t.start)));
	return {
		bars: e.bookings.filter((e) => Ht(e, t)).map(({ start: e, end: t }) => ({
			from: r(e),
			to: r(t)
		})),
		ticks: t.hours.filter(({ at: e }) => e < t.end).map(({ hour: e, at: t }) => ({
			at: r(t),
			instant: t,
			hour: e
		})),
		now: r(n)
	};
}
// src/model/view.ts
var Qt = 2, $t = 15 * L, en = 24 * R;
function tn(e, t) {
	let { now: n, texts: r, formats: i } = t, a = lt(e, t), o = a.kind !== "unknown", s = r.words[a.kind], c = nn(a, t), l = sn(e, a, t);
	return {
		id: e.id,
		name: e.name,
		place: e.place,
		seats: e.seats === null ? "" : r.seats(e.seats),
		status: a,
		word: s,
		until: c,
		left: rn(a, t),
		hint: a.soon ? a.kind === "free" ? r.startingSoon : r.endingSoon : "",
		next: o ? an(a, t) : "",
		later: on(e, a, t),
		nextFree: a.nextFree === null ? "" : i.start(a.nextFree, n),
		note: l,
		pending: o && e.pending ? r.pending(e.pending) : "",
		timeline: o ? Zt(e, t.day, t.steady ? n - n % $t : n) : null,
		bookings: o ? cn(e, t) : "",
		phrase: r.sentence(...[
			s,
			c,
			l
		].filter(Boolean))
	};
}
function nn({ kind: e, until: t }, { now: n, texts: r, formats: i }) {
	return e === "unknown" ? "" : t === null ? e === "free" ? r.noBookings : r.noEnd : e === "free" && !i.isToday(t, n) ? r.restOfDay : r.until[e === "free" ? "free" : "busy"](i.end(t, n));
}
function rn({ kind: e, until: t }, { now: n, steady: r, texts: i, formats: a }) {
	return r || t === null || t - n >= en || e === "free" && !a.isToday(t, n) ? "" : i.timeLeft(a.left(t, n));
}
function an({ kind: e, until: t, next: n }, { now: r, texts: i, formats: a }) {
	return n ? n.end === null ? a.start(n.start, r) : a.span(n.start, n.end, r) : e === "busy" && t !== null ? i.nextNone : "";
}
function on({ bookings: e }, { next: t }, { now: n, formats: r }) {
	return t ? e.filter(({ start: e }) => e > t.start).slice(0, Qt).map(({ start: e, end: t }) => r.span(e, t, n)) : [];
}
function sn(e, { kind: t, doubt: n }, { lostAt: r, texts: i, formats: a }) {
	return t === "disabled" ? e.disabledReason ?? "" : n === null ? "" : n === "missing" ? i.doubts.missing(e.id) : n === "overdue" ? i.doubts.overdue(a.time(ut(e) ?? 0)) : n === "offline" ? i.doubts.offline(a.time(r ?? 0)) : i.doubts[n];
}
function cn(e, { now: t, day: n, texts: r, formats: i }) {
	let a = e.bookings.filter((e) => Ht(e, n.whole));
	return a.length ? r.bookings(r.sentence(...a.map(({ start: e, end: n }) => i.span(e, n, t)))) : r.bookingsNone;
}
// src/texts/en.ts
var ln = (e, t, n) => `${e} ${e === 1 ? t : n}`, un = {
	language: "en",
	words: {
		free: "Free",
		busy: "Busy",
		disabled: "Out of use",
		unknown: "No data"
	},
	endingSoon: "Ending soon",
	startingSoon: "Booked soon",
	until: {
		free: (e) => `until ${e}`,
		busy: (e) => `until ${e}`
	},
	restOfDay: "rest of the day",
	noEnd: "until further notice",
	noBookings: "no bookings ahead",
	timeLeft: (e) => `${e} left`,
	duration: (e, t) => e ? t ? `${e} h ${t} min` : `${e} h` : t ? `${t} min` : "under a minute",
	next: "Next booking",
	nextNone: "None",
	nextFree: "Next free",
	today: "Today",
	tomorrow: "Tomorrow",
	nothingBooked: "No bookings",
	nearby: "Free nearby",
	seats: (e) => ln(e, "seat", "seats"),
	pending: (e) => ln(e, "request awaits approval", "requests await approval"),
	doubts: {
		unavailable: "State not known right now.",
		missing: (e) => `Home Assistant has no ${e}.`,
		offline: (e) => `No connection to Home Assistant since ${e}.`,
		overdue: (e) => `No news since ${e}.`
	},
	lost: (e) => `Not connected since ${e}`,
	bookings: (e) => `Bookings today: ${e}`,
	bookingsNone: "No bookings today",
	sentence: (...e) => e.join(", "),
	is: (e, t) => `${e}: ${t}`,
	details: (e) => `Show ${e}`,
	actions: {
		book: "Book",
		extend: "Extend",
		end: "End",
		change: "Extend or end",
		bookFor: (e) => `Book for ${e}`,
		bookUntil: (e) => `Book until ${e}`,
		extendBy: (e) => `Extend by ${e}`,
		minutes: (e) => `${e} min`,
		confirm: "End this meeting now? The room becomes free for others.",
		endNow: "End now",
		keep: "Keep it",
		working: {
			book: "Booking… Feishu needs a few seconds.",
			extend: "Extending… Feishu needs a few seconds.",
			end: "Ending… Feishu needs a few seconds."
		},
		booked: (e, t) => `${e} is booked until ${t}.`,
		extended: (e, t) => `${e} is booked until ${t}.`,
		ended: (e) => `The meeting in ${e} has ended.`,
		notShownYet: (e) => `The meeting in ${e} is ended, but Feishu still shows it.`,
		refused: {
			book: (e) => `Not booked. ${e}`,
			extend: (e) => `Not extended. ${e}`,
			end: (e) => `Not ended. ${e}`
		},
		forbidden: "You are not allowed to change this room.",
		noReason: "Home Assistant gives no reason.",
		unknown: "The connection was lost, so it is not known whether this worked. Check the state of the room.",
		enterPin: "Enter the PIN",
		wrongPin: "Wrong PIN",
		locked: "Too many attempts. Try again in a minute.",
		digits: (e) => ln(e, "digit entered", "digits entered"),
		erase: "Delete the last digit",
		cancel: "Cancel",
		ok: "OK",
		close: "Close"
	},
	invite: {
		apps: {
			feishu: "Feishu",
			lark: "Lark"
		},
		code: (e) => `QR code: new event in ${e}`,
		title: (e) => `Book in ${e}`,
		addRoom: (e) => `Scan, then add the room ${e}`
	},
	board: {
		title: "Meeting rooms",
		summary: (e, t) => `${e} of ${t} free`,
		changed: (e) => `${e} rooms have changed`,
		floor: "Floor",
		allFloors: "All floors",
		seats: "Seats",
		anySeats: "Any size",
		minSeats: (e) => `${e} or more`,
		freeFor: (e) => `Free for ${e} min`,
		none: "There are no rooms yet.",
		noMatch: "No room matches.",
		elsewhere: "Elsewhere",
		requests: (e) => ln(e, "request", "requests"),
		continued: (e) => `${e} (continued)`,
		page: (e, t) => `Page ${e} of ${t}`,
		previousPage: "Previous page",
		nextPage: "Next page"
	},
	utilization: {
		title: "Utilization",
		all: "All rooms",
		about: "Shares of the office hours. If most rooms of a size are nearly always booked, there are too few of them. Large rooms that are seldom booked may be too large.",
		thisMonth: "This month",
		shares: {
			booked: "Booked",
			used: "Used",
			no_show: "Nobody came",
			ad_hoc: "Ad hoc use"
		},
		lastMonth: "Booked last month",
		seats: {
			upTo: (e) => `Up to ${e} seats`,
			between: (e, t) => `${e} to ${t} seats`,
			from: (e) => `${e} seats or more`,
			unknown: "Number of seats unknown"
		},
		empty: "Booked, but nobody came",
		eachRoom: "Each room",
		enable: (e) => `The sensors of rooms are disabled at first. To see each room here, open [Entities](${e}), search for *Booked*, select all that you find, and enable them. Half a minute later, reload this page.\n\nRooms with occupancy sensors also have *No-shows today* and *No-shows this month*.`
	},
	cards: {
		room: "Meeting room",
		roomAbout: "One Feishu or Lark room: free or busy, until when, and the next booking. From a tile to a door panel",
		board: "Meeting rooms board",
		boardAbout: "All Feishu or Lark rooms with today's bookings, by floor",
		strategyAbout: "A board of all Feishu or Lark rooms, a view for each building, the utilization and a door panel for each room"
	},
	labels: {
		entity: "Room",
		entities: "Rooms",
		name: "Name",
		title: "Title",
		place: "Floor",
		min_seats: "Minimum number of seats",
		free_for: "Free for at least (minutes)",
		free_first: "Free rooms first",
		soon: "“Soon” (minutes)",
		day_start: "Day starts at (hour)",
		day_end: "Day ends at (hour)",
		hide_clock: "Hide clock",
		hide_filters: "Hide filters",
		hide_floors: "Don't group by floor",
		page_seconds: "Seconds per page",
		monochrome: "Black and white, for e-paper",
		kiosk: "Kiosk: hide Home Assistant's bars",
		dim: "Dim out of office hours",
		tap_action: "When tapped",
		actions: "Book, extend and end on the card",
		pin: "PIN",
		nearby: "Free rooms nearby",
		qr: "QR code for booking on a phone",
		titles: "Titles and organizers"
	},
	helpers: {
		name: "If empty, the room's own name.",
		entities: "If empty, all rooms.",
		place: "If empty, all floors.",
		page_seconds: "If there are more rooms than fit. If empty, 12. With 0, the board scrolls instead.",
		soon: "If empty, 10 minutes.",
		day_start: "If empty, 8.",
		day_end: "If empty, 19.",
		monochrome: "No colors, and nothing that changes every minute.",
		kiosk: "If the card fills the view. The screen stays awake if the page is opened by https. Administrators get the bars back by Escape, or with a finger held on the heading for 3 seconds.",
		dim: "In a kiosk. The office hours are those in the options of the app.",
		tap_action: "On a door panel, it is best to choose no action.",
		actions: "Anybody who can touch the screen can then do it. Booking must also be allowed in the options of the app.",
		pin: "4 to 8 digits, or empty. It stops passers-by, but anybody who can see this configuration can read it.",
		nearby: "Shown on large cards while the room is taken. On by default if the card fills the view.",
		qr: "Shown on large cards. It opens a new event in Feishu or Lark with the time filled in. People add the room themselves.",
		titles: "Everybody who passes can read them. Shown on large cards, if the options of the app allow titles, too."
	},
	boardHelpers: {
		day_start: "If both are empty, the strips show the hours around now.",
		day_end: "If only the start is set, 19.",
		tap_action: "If empty, it shows the details of the room."
	},
	faults: {
		noEntity: "Choose a room: “entity” is missing.",
		wrongEntity: (e) => `“${e}” is not a room: use the room's binary sensor.`,
		wrongOption: (e, t) => `“${e}” must be ${t}.`,
		wanted: {
			text: "text",
			boolean: "true or false",
			minutes: "a number of minutes",
			seats: "a number of seats",
			seconds: "a number of seconds",
			hour: "an hour from 0 to 24",
			entities: "a list of binary sensors",
			action: "an action",
			pin: "4 to 8 digits in quotes"
		},
		dayOrder: "The day must end after it starts."
	}
}, dn = /^[\x20-\x7e]/, G = (e, t) => dn.test(t) ? `${e} ${t}` : `${e}${t}`, fn = {
	language: "zh-Hans",
	words: {
		free: "空闲",
		busy: "占用中",
		disabled: "停用",
		unknown: "无数据"
	},
	endingSoon: "即将结束",
	startingSoon: "即将有预订",
	until: {
		free: (e) => `${e} 前可用`,
		busy: (e) => G("至", e)
	},
	restOfDay: "今天不再有预订",
	noEnd: "结束时间待定",
	noBookings: "近期没有预订",
	timeLeft: (e) => G("还有", e),
	duration: (e, t) => e ? t ? `${e} 小时 ${t} 分钟` : `${e} 小时` : t ? `${t} 分钟` : "不到 1 分钟",
	next: "下次预订",
	nextNone: "无",
	nextFree: "下次空闲",
	today: "今天",
	tomorrow: "明天",
	nothingBooked: "没有预订",
	nearby: "附近空闲",
	seats: (e) => `${e} 人`,
	pending: (e) => `${e} 个预订待审批`,
	doubts: {
		unavailable: "暂时状态不明。",
		missing: (e) => `Home Assistant 中没有 ${e}。`,
		offline: (e) => `自 ${e} 起与 Home Assistant 断开连接。`,
		overdue: (e) => `${e} 之后没有收到更新。`
	},
	lost: (e) => `自 ${e} 起连接中断`,
	bookings: (e) => `今天的预订：${e}`,
	bookingsNone: "今天没有预订",
	sentence: (...e) => e.join("，"),
	is: (e, t) => `${e}：${t}`,
	details: (e) => `查看${e}`,
	actions: {
		book: "预订",
		extend: "延长",
		end: "结束",
		change: "延长或结束",
		bookFor: (e) => `预订 ${e}`,
		bookUntil: (e) => G("预订至", e),
		extendBy: (e) => `延长 ${e}`,
		minutes: (e) => `${e} 分钟`,
		confirm: "现在结束这场会议吗？会议室将变为空闲，其他人可以预订。",
		endNow: "现在结束",
		keep: "不结束",
		working: {
			book: "正在预订，飞书需要几秒钟……",
			extend: "正在延长，飞书需要几秒钟……",
			end: "正在结束，飞书需要几秒钟……"
		},
		booked: (e, t) => `${e}：${G("已预订至", t)}。`,
		extended: (e, t) => `${e}：${G("已延长至", t)}。`,
		ended: (e) => `${e}：会议已结束。`,
		notShownYet: (e) => `${e}：会议已结束，但飞书还没有更新。`,
		refused: {
			book: (e) => `预订失败。${e}`,
			extend: (e) => `延长失败。${e}`,
			end: (e) => `结束失败。${e}`
		},
		forbidden: "您没有权限操作这间会议室。",
		noReason: "Home Assistant 没有说明原因。",
		unknown: "连接中断，不知道操作是否成功。请查看会议室的状态。",
		enterPin: "请输入 PIN 码",
		wrongPin: "PIN 码错误",
		locked: "错误次数过多，请一分钟后再试。",
		digits: (e) => `已输入 ${e} 位`,
		erase: "删除最后一位",
		cancel: "取消",
		ok: "确定",
		close: "关闭"
	},
	invite: {
		apps: {
			feishu: "飞书",
			lark: "Lark"
		},
		code: (e) => `二维码：在${e}中新建日程`,
		title: (e) => `用${e}扫码预订`,
		addRoom: (e) => `扫码后请添加会议室“${e}”`
	},
	board: {
		title: "会议室",
		summary: (e, t) => `空闲 ${e} 间，共 ${t} 间`,
		changed: (e) => `${e} 间会议室的状态有变化`,
		floor: "楼层",
		allFloors: "所有楼层",
		seats: "人数",
		anySeats: "人数不限",
		minSeats: (e) => `${e} 人及以上`,
		freeFor: (e) => `空闲 ${e} 分钟以上`,
		none: "还没有会议室。",
		noMatch: "没有符合条件的会议室。",
		elsewhere: "其他",
		requests: (e) => `${e} 个待审批`,
		continued: (e) => `${e}（续）`,
		page: (e, t) => `第 ${e} 页，共 ${t} 页`,
		previousPage: "上一页",
		nextPage: "下一页"
	},
	utilization: {
		title: "使用率",
		all: "全部会议室",
		about: "以下为占工作时间的比例。如果某一规模的会议室大多一直被预订，说明这类会议室不够用；很少被预订的大会议室可能过大。",
		thisMonth: "本月",
		shares: {
			booked: "已预订",
			used: "有人使用",
			no_show: "无人到场",
			ad_hoc: "未预订，有人"
		},
		lastMonth: "上月预订率",
		seats: {
			upTo: (e) => `${e} 人及以下`,
			between: (e, t) => `${e} 至 ${t} 人`,
			from: (e) => `${e} 人及以上`,
			unknown: "人数未知"
		},
		empty: "已预订，但无人到场",
		eachRoom: "各会议室",
		enable: (e) => `会议室的传感器默认禁用。要在这里查看每间会议室，请打开[实体](${e})，搜索“预订率”，选中全部结果并启用，半分钟后刷新本页。\n\n指定了有人检测传感器的会议室还有“今日无人到场率”和“本月无人到场率”。`
	},
	cards: {
		room: "会议室",
		roomAbout: "一间飞书会议室：是否空闲、占用到几点、下次预订。从小卡片到门牌屏都适用",
		board: "会议室看板",
		boardAbout: "按楼层显示所有飞书会议室和当天的预订",
		strategyAbout: "所有飞书会议室的看板，每栋楼一个页面，使用率页面，以及每间会议室一个门牌屏"
	},
	labels: {
		entity: "会议室",
		entities: "会议室",
		name: "名称",
		title: "标题",
		place: "楼层",
		min_seats: "最少人数",
		free_for: "至少空闲（分钟）",
		free_first: "空闲的排在前面",
		soon: "提前几分钟算“即将”",
		day_start: "一天从几点开始",
		day_end: "一天到几点结束",
		hide_clock: "隐藏时钟",
		hide_filters: "隐藏筛选",
		hide_floors: "不按楼层分组",
		page_seconds: "每页显示几秒",
		monochrome: "黑白显示（电子纸）",
		kiosk: "信息亭模式：隐藏 Home Assistant 的标题栏和侧边栏",
		dim: "非工作时间调暗",
		tap_action: "点按时",
		actions: "在卡片上预订、延长和结束",
		pin: "PIN 码",
		nearby: "附近的空闲会议室",
		qr: "手机扫码预订",
		titles: "标题和组织者"
	},
	helpers: {
		name: "留空则使用会议室自己的名称。",
		entities: "留空则显示所有会议室。",
		place: "留空则显示所有楼层。",
		page_seconds: "会议室一页放不下时使用。留空则为 12 秒，填 0 则改为滚动。",
		soon: "留空则为 10 分钟。",
		day_start: "留空则为 8 点。",
		day_end: "留空则为 19 点。",
		monochrome: "不用颜色，也没有每分钟变化的内容。",
		kiosk: "仅在卡片占满整个页面时有效。通过 https 打开时屏幕保持常亮。管理员按 Esc 键，或按住标题 3 秒，即可恢复标题栏和侧边栏。",
		dim: "用于信息亭模式。工作时间以该应用的选项为准。",
		tap_action: "门牌屏最好不设点按操作。",
		actions: "能碰到屏幕的人都可以操作。还需要在该应用的选项中允许预订。",
		pin: "4 到 8 位数字，留空则不用。它能挡住路人，但能看到此配置的人也能看到 PIN 码。",
		nearby: "会议室不可用时，在大尺寸卡片上显示。卡片占满整个页面时默认开启。",
		qr: "在大尺寸卡片上显示。扫码后在飞书中新建日程，时间已填好，会议室需自行添加。",
		titles: "路过的人都能看到。在大尺寸卡片上显示，还需要在该应用的选项中开启标题。"
	},
	boardHelpers: {
		day_start: "两项都留空则显示当前时间前后的几小时。",
		day_end: "如果只填了开始，则为 19 点。",
		tap_action: "留空则显示会议室的详细信息。"
	},
	faults: {
		noEntity: "请选择会议室：缺少“entity”。",
		wrongEntity: (e) => `“${e}”不是会议室：请使用会议室的二元传感器。`,
		wrongOption: (e, t) => `“${e}”应为${t}。`,
		wanted: {
			text: "文本",
			boolean: "true 或 false",
			minutes: "分钟数",
			seats: "人数",
			seconds: "秒数",
			hour: "0 到 24 之间的整点",
			entities: "二元传感器列表",
			action: "操作",
			pin: "加引号的 4 到 8 位数字"
		},
		dayOrder: "一天的结束必须晚于开始。"
	}
};
// src/texts/index.ts
function pn(e) {
	return e.toLowerCase().startsWith("zh") ? fn : un;
}
function K() {
	return pn(document.documentElement.lang || navigator.language);
}
// src/view/icons.ts
var mn = E`<path d="m7 12.4 3.4 3.4L17 9.2" />`, hn = E`<path d="M7 12h10" />`, gn = E`<path d="m8.2 8.2 7.6 7.6m0-7.6-7.6 7.6" />`, _n = E`<path d="M12 6.8V12l3.4 2.4" />`, vn = {
	free: mn,
	busy: hn,
	disabled: gn,
	unknown: E`<path d="M9.4 9.6a2.7 2.7 0 1 1 3.9 2.5c-.9.4-1.3.9-1.3 1.8m0 2.7v.1" />`
}, yn = {
	previous: E`<path d="m14.5 6-6 6 6 6" />`,
	next: E`<path d="m9.5 6 6 6-6 6" />`,
	book: E`<path d="M12 5v14M5 12h14" />`,
	change: E`<path d="M12 7v5l3.2 2.2M20.5 12a8.5 8.5 0 1 1-2.5-6l2.5 2.4m0-4.4v4.4h-4.4" />`,
	close: E`<path d="m6 6 12 12M18 6 6 18" />`,
	erase: E`<path d="M9 5h11v14H9l-6-7zm3.5 4.5 5 5m0-5-5 5" />`,
	forth: E`<path d="m9 5 7 7-7 7" />`,
	back: E`<path d="m15 5-7 7 7 7" />`,
	working: E`<path d="M12 3a9 9 0 1 0 9 9" />`,
	done: E`<path d="m5 12.6 4.6 4.6L19 7.4" />`,
	failed: E`<circle cx="12" cy="12" r="10" /><path d="M12 7v6m0 4v.1" />`
};
function q(e) {
	return E`<svg class="sign ${e}" viewBox="0 0 24 24" aria-hidden="true">${yn[e]}</svg>`;
}
function bn({ kind: e, soon: t }) {
	return E`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
<circle cx="12" cy="12" r="10" />${(e === "free" || e === "busy") && t ? _n : vn[e]}
</svg>`;
}
// src/view/server-clock.ts
var xn = R, Sn = 1e4, Cn = 1e4, wn = 2e3, Tn = null, En = -Infinity, Dn = 0, On = null, kn = -Infinity, An;
function J() {
	return Date.now() + (Y() ? Tn ?? 0 : 0);
}
function Y() {
	return Tn !== null && Math.abs(Date.now() - performance.now() - Dn) <= wn;
}
function jn() {
	let e = J();
	return On === null || On.some(([t, n]) => t <= e && e < n);
}
async function Mn(e) {
	let t = performance.now();
	!e.callWS || !e.connected || t - kn < Sn || Y() && t - En < xn || (An ??= Nn(e.callWS).finally(() => An = void 0), await An);
}
async function Nn(e) {
	let [t, n] = [Date.now(), performance.now()], r = await Promise.race([e({ type: `${Xe}/time` }).catch(() => void 0), new Promise((e) => setTimeout(e, Cn))]), i = performance.now() - n;
	if (!r || i >= Cn) {
		kn = performance.now();
		return;
	}
	let a = r.now - (t + i / 2);
	On = r.office ?? null, Tn = Math.abs(a) < wn ? 0 : a, En = performance.now(), Dn = t - n;
}
// src/view/kiosk.ts
var Pn = L, Fn = 3e3, In = 2 * L, Ln = 10 * L, Rn = "feishu-freebusy-loaded-again", zn = "/manifest.json", Bn = !1, Vn = class {
	#e = !1;
	#t = !1;
	#n;
	#r = -Infinity;
	#i;
	#a;
	#o = !1;
	constructor(e, t, n = () => location.reload()) {
		this.host = e, this.wishes = t, this.reload = n;
	}
	hostUpdated() {
		let { isWanted: e, isDimmed: t, lostAt: n } = this.wishes();
		this.#s(e && !Bn && new URLSearchParams(location.search).get("kiosk") !== "off");
		let r = this.#e && t && !jn() && J() - this.#r >= Pn;
		this.host.toggleAttribute("dim", r), this.#e && this.#o && n === null && this.#p(), this.#o = n !== null;
	}
	hostDisconnected() {
		this.#s(!1);
	}
	#s(e) {
		if (e === this.#e) return;
		this.#e = e, this.host.toggleAttribute("kiosk", e);
		let t = e ? "addEventListener" : "removeEventListener";
		document[t]("visibilitychange", this.#c), window[t]("keydown", this.#u);
		for (let e of [
			"pointerdown",
			"pointerup",
			"pointercancel"
		]) this.host[t](e, this.#l);
		clearInterval(this.#i), e ? (this.#t = !this.wishes().hass?.kioskMode, this.#i = setInterval(() => this.#f(), L)) : clearTimeout(this.#a), this.#t && Hn(e), this.#c();
	}
	#c = () => {
		this.#e && document.visibilityState === "visible" ? navigator.wakeLock?.request("screen").then((e) => {
			this.#e ? this.#n = e : e.release();
		}, () => {}) : (this.#n?.release(), this.#n = void 0);
	};
	#l = (e) => {
		clearTimeout(this.#a), e.type === "pointerdown" && (this.#r = J(), this.host.requestUpdate(), e.composedPath()[0] instanceof HTMLHeadingElement && (this.#a = setTimeout(() => this.#d(), Fn)));
	};
	#u = ({ key: e }) => {
		e === "Escape" && this.#d();
	};
	#d() {
		this.wishes().hass?.user?.is_admin && (Bn = !0, this.host.requestUpdate());
	}
	async #f() {
		let { lostAt: e } = this.wishes();
		e === null || J() - e < In || (await fetch(zn, {
			method: "HEAD",
			cache: "no-store"
		}).catch(() => void 0))?.ok && this.wishes().lostAt !== null && this.#m();
	}
	async #p() {
		let { pathname: e, search: t } = new URL(import.meta.url), n = (await this.wishes().hass?.callWS?.({ type: "lovelace/resources" }).catch(() => void 0) ?? []).map(({ url: e }) => new URL(e, location.href)).filter((t) => t.pathname === e);
		n.length && n.every((e) => e.search !== t) && this.#m();
	}
	#m() {
		Date.now() - Number(sessionStorage.getItem(Rn)) < Ln || (sessionStorage.setItem(Rn, String(Date.now())), this.reload());
	}
};
function Hn(e) {
	window.dispatchEvent(new CustomEvent("hass-kiosk-mode", { detail: { enable: e } }));
}
var Un = o` :host([kiosk]){position: fixed;inset: 0;z-index: 100;block-size: auto;background: var(--primary-background-color,#fff);}:host([kiosk]) ha-card{border: 0;border-radius: 0;box-shadow: none;}:host([dim]) ha-card::after{content: "";position: absolute;inset: 0;background: #000;opacity: 0.8;pointer-events: none;}`, Wn = L, Gn = class {
	#e = 0;
	#t = 1;
	#n = 0;
	#r = -Infinity;
	#i;
	constructor(e) {
		this.onTurn = e;
	}
	pageOf(e, t) {
		let n = e !== this.#t || t !== this.#n;
		return this.#t = e, this.#n = t, this.#e = Math.min(this.#e, e - 1), n && this.#a(), this.#e;
	}
	turn(e) {
		this.#e = (this.#e + e + this.#t) % this.#t, this.rest(), this.onTurn();
	}
	rest() {
		this.#r = performance.now() + Wn, this.#a();
	}
	reset() {
		this.#e = 0, this.#a();
	}
	stop() {
		this.#t = 1, this.#e = 0, this.#r = -Infinity, clearTimeout(this.#i);
	}
	#a() {
		if (clearTimeout(this.#i), this.#t < 2 || !this.#n) return;
		let e = Math.max(this.#n * I, this.#r - performance.now());
		this.#i = setTimeout(() => {
			this.#e = (this.#e + 1) % this.#t, this.#a(), this.onTurn();
		}, e);
	}
}, Kn = o` ha-card,dialog{--ground: var(--ha-card-background,var(--card-background-color,#fff));--text: var(--primary-text-color,#141414);--quiet: var(--secondary-text-color,#5e5e5e);--free: var(--feishu-freebusy-free-color,#17723a);--busy: var(--feishu-freebusy-busy-color,#bd2016);--soon: var(--feishu-freebusy-soon-color,#f6b40e);--disabled: var(--feishu-freebusy-disabled-color,#59636f);--track: #cfe8d7;--track-edge: var(--ground);--past: rgb(255 255 255 / 55%);--bar: var(--busy);--now: #141414;--now-edge: #fff;--near: left;--far: right;color: var(--text);}ha-card:dir(rtl){--near: right;--far: left;}.dark{--track: #21482f;--past: rgb(0 0 0 / 40%);--bar: #e4574c;--now: #fff;--now-edge: #1c1c1c;}.free{--fill: var(--free);--on-fill: #fff;--ink: var(--free);}.free.soon{--fill: var(--soon);--on-fill: #1d1500;--ink: #7a5300;}.busy{--fill: var(--busy);--on-fill: #fff;--ink: var(--busy);}.disabled{--fill: var(--disabled);--on-fill: #fff;--ink: var(--disabled);--bar: var(--disabled);}.unknown{--fill: var(--ground);--on-fill: var(--text);--ink: var(--text);--track: #dcdfe3;}.dark .free,.dark.free{--ink: #5fcf86;}.dark .free.soon,.dark.free.soon{--ink: #ffc73a;}.dark .busy,.dark.busy{--ink: #ff8177;}.dark .disabled,.dark.disabled{--ink: #b9c2cc;--bar: #8d98a5;}.dark .unknown,.dark.unknown{--track: #43484f;}ha-card.mono,dialog.mono{--ground: #fff;--text: #000;--quiet: #000;--free: #000;--busy: #000;--track: #fff;--track-edge: #fff;--past: transparent;--bar: #000;--now: #000;--now-edge: #fff;}ha-card.mono{background: #fff;border: 2px solid #000;border-radius: 0;box-shadow: none;}.mono .free,.mono .disabled,.mono .unknown,.mono.free,.mono.disabled,.mono.unknown{--fill: #fff;--on-fill: #000;--ink: #000;--bar: #000;}.mono .busy,.mono.busy{--fill: #000;--on-fill: #fff;--ink: #000;}.mono .track,.mono .strip.blank{outline: 2px solid currentcolor;outline-offset: -2px;border-radius: 0;}.mono .strip .over{opacity: 1;background: repeating-linear-gradient(135deg,var(--bar) 0 2px,var(--track) 2px 5px);}.icon{fill: none;stroke: currentcolor;stroke-width: 2.2;stroke-linecap: round;stroke-linejoin: round;}.unheard{position: absolute;inline-size: 1px;block-size: 1px;overflow: hidden;clip-path: inset(50%);white-space: nowrap;}@media (forced-colors: active){.strip,.fill{forced-color-adjust: none;}}`, qn = .04, X = (e) => `${(e * 100).toFixed(3)}%`;
function Jn({ timeline: e, bookings: t }) {
	return e ? T`<div class="strip" role="img" aria-label=${t}>
<div class="track">
<i class="past" style="inline-size:${X(e.now)}"></i>
${e.bars.map(({ from: t, to: n }) => T`<i
class=${n <= e.now ? "bar over" : "bar"}
style="inset-inline-start:${X(t)};inline-size:${X(n - t)}"
></i>`)}
</div>
<i class="now" style="inset-inline-start:${X(e.now)}"></i>
</div>` : T`<div class="strip blank"></div>`;
}
function Yn(e, { formats: t }) {
	return e ? T`<div class="hours" aria-hidden="true">
${e.ticks.map(({ at: e, instant: n, hour: r }) => {
		let i = qn <= e && e <= .96 ? t.hour(n) : "";
		return T`<i class=${r % 4 == 0 ? "h4" : r % 2 == 0 ? "h2" : "h1"} style="inset-inline-start:${X(e)}"><span>${i}</span></i>`;
	})}
</div>` : O;
}
var Xn = o` .strip{position: relative;}.track{position: relative;block-size: 100%;}.strip.blank,.track{overflow: hidden;border-radius: 4px;background: var(--track);}.strip i{position: absolute;inset-block: 0;}.strip .past{inset-inline-start: 0;background: var(--past);}.strip .bar{min-inline-size: 2px;border-inline: 1px solid var(--track-edge);box-sizing: border-box;background: var(--bar);}.strip .over{opacity: 0.45;}.strip .now{inset-block: -3px;border-radius: 2px;inline-size: 3px;margin-inline-start: -1.5px;background: var(--now);box-shadow: 0 0 0 1.5px var(--now-edge);}.strip.blank{background: repeating-linear-gradient(135deg,var(--track) 0 6px,transparent 6px 12px);}.hours{position: relative;block-size: 1.3em;font-variant-numeric: tabular-nums;white-space: nowrap;}.hours i{position: absolute;inset-block: 0;display: flex;justify-content: center;inline-size: 0;font-style: normal;}.hours i::before{content: "";position: absolute;inline-size: 1px;block-size: 3px;background: currentcolor;}.hours span{margin-block-start: 3px;}.hours .h1 span{display: none;}`, Zn = o` :host{display: block;}ha-card{box-sizing: border-box;container: board / inline-size;line-height: 1.3;}:host([layout="panel"]) ha-card{min-block-size: calc(100vh - var(--header-height,56px));}:host([fits]){contain: size;block-size: 100%;min-block-size: 240px;}:host([fits]) ha-card,:host([fits]) .board{block-size: 100%;min-block-size: 0;overflow: hidden;}p,h2,h3,ul{margin: 0;padding: 0;}p,h2,h3,b,small,.until,.toggle{unicode-bidi: plaintext;text-align: var(--near);}small{color: var(--quiet);font-size: 0.85em;font-weight: 400;}.board{box-sizing: border-box;display: flex;flex-direction: column;padding: 16px;font-size: 14px;}.head{flex: none;display: flex;flex-wrap: wrap;align-items: center;gap: 4px 16px;margin-block-end: 8px;}h2{font-size: 1.4em;font-weight: 600;}.summary{color: var(--quiet);}.clock{margin-inline-start: auto;font-size: 1.4em;font-variant-numeric: tabular-nums;}.lost{padding: 2px 10px;border-radius: 99px;color: #1d1500;background: #f6b40e;font-weight: 600;}.filters{display: flex;flex: 1 0 100%;order: 1;gap: 6px;margin-inline: -16px;padding: 4px 16px;overflow-x: auto;scrollbar-width: none;}.filters::-webkit-scrollbar{display: none;}select,.toggle,.pager button{flex: none;box-sizing: border-box;block-size: 44px;max-inline-size: 12em;padding-inline: 10px;border: 1px solid var(--quiet);border-radius: 22px;color: var(--text);background: var(--ground);font: inherit;cursor: pointer;}.toggle[aria-pressed="true"]{border-color: var(--free);color: #fff;background: var(--free);font-weight: 600;}.mono .toggle[aria-pressed="true"]{color: #fff;background: #000;}select:focus-visible,button:focus-visible{outline: 3px solid var(--primary-color,currentcolor);outline-offset: 1px;}.toggle{max-inline-size: none;}.pager{display: flex;align-items: center;gap: 8px;margin-inline-start: auto;font-variant-numeric: tabular-nums;}.pager button{inline-size: 44px;padding: 0;}.sign{inline-size: 24px;block-size: 24px;fill: none;stroke: currentcolor;stroke-width: 2;stroke-linecap: round;stroke-linejoin: round;vertical-align: middle;}.none{padding: 32px 0;color: var(--quiet);text-align: center;}.rooms{flex: 1;min-block-size: 0;display: grid;grid-template-columns: repeat(var(--columns),minmax(0,1fr));gap: 2.5em;}:host([fits]) .rooms{overflow: hidden;}.axis{display: flex;align-items: end;box-sizing: border-box;block-size: ${Ot}em;padding-block-end: 2px;}.once{position: sticky;inset-block-start: var(--header-height,56px);z-index: 1;block-size: 1.8em;background: var(--ground);}.once .hours{flex: 1;margin-inline-start: calc(3.5em + 10px);}h3{overflow: hidden;font-size: 1.05em;font-weight: 600;text-overflow: ellipsis;white-space: nowrap;}.hours{container: hours / inline-size;color: var(--quiet);font-size: 0.78em;}.hours i::before{inset-block-end: 0;}.hours span{margin: 0;line-height: 1;}.axis:not(.once) .h2 span,.axis:not(.once) .h1 span{display: none;}.once .h1 span{display: inline;}@container hours (inline-size >= 14em){.axis:not(.once) .h2 span{display: inline;}}@container hours (inline-size >= 32em){.axis:not(.once) .h1 span{display: inline;}}ul{list-style: none;}li{position: relative;box-sizing: border-box;block-size: calc(3.2em + 15px);contain: strict;display: grid;grid-template: "badge who until" auto "badge strip strip" auto / 3.5em minmax(0,1fr) auto;align-items: center;gap: 4px 10px;padding-block: 7px;border-block-start: 1px solid var(--divider-color,#e0e0e0);}.badge{grid-area: badge;align-self: stretch;box-sizing: border-box;display: flex;flex-direction: column;align-items: center;justify-content: center;padding: 1px 2px;border-radius: 8px;color: var(--on-fill);background: var(--fill);text-align: center;}.badge b{font-size: 0.75em;line-height: 1.1;text-align: center;text-wrap: balance;}.unknown .badge,.mono .free .badge,.mono .disabled .badge{outline: 2px dashed currentcolor;outline-offset: -2px;}.mono .free .badge{outline-style: solid;}.icon{flex: none;inline-size: 1.2em;block-size: 1.2em;}.who{grid-area: who;overflow: hidden;text-overflow: ellipsis;white-space: nowrap;}.who b{font-weight: 600;}.until{grid-area: until;font-size: 0.9em;font-variant-numeric: tabular-nums;text-align: var(--far);text-wrap: balance;}.strip{grid-area: strip;block-size: 10px;}.tap{position: absolute;inset: 0;border: 0;background: none;cursor: pointer;}.tap:focus-visible{outline-offset: -3px;}.busy.soon .badge{box-shadow: inset 0 0 0 0.2em var(--soon);}.mono .busy.soon .badge{outline: 2px dashed currentcolor;outline-offset: -4px;box-shadow: none;}.offline .badge.badge{color: var(--ink);background: var(--ground);box-shadow: none;outline: 2px dashed currentcolor;outline-offset: -2px;}@container board (inline-size >= 620px){.board{padding-block: 12px;}li{block-size: ${V}em;padding-block: 0.12em;}.axis,li{display: grid;grid-template: "badge who until strip" auto / 7em min(15em,30%) 7.6em minmax(0,1fr);gap: 0.75em;}.bare .axis,.bare li{grid-template: "badge who until" auto / 7em minmax(0,1fr) 7.6em;}.bare .hours,.bare .strip{display: none;}h3{grid-area: 1 / 1 / 2 / 4;}.hours{grid-area: strip;align-self: end;}.badge{flex-direction: row;gap: 0.35em;padding-inline: 0.35em;}.icon{inline-size: 1.35em;block-size: 1.35em;}.badge b{font-size: 0.95em;white-space: nowrap;}.filters{flex: 0 1 auto;order: 0;margin: 0;padding: 2px;}h2,.clock{font-size: 1.6em;}.summary{font-size: 1.1em;}.pager + .clock{margin-inline-start: 8px;}.badge{margin-block: 0.1em;}.who{line-height: 1.2;}.who b,.who small{display: block;padding-block: 0.15em;margin-block: -0.15em;overflow: hidden;text-overflow: ellipsis;}.who small{line-height: 1.3;}.who small:empty{display: none;}.strip{block-size: 1.5em;}.until{line-height: 1.15;text-align: var(--near);}}@container board (inline-size >= 1200px){.board{padding: 16px 32px;font-size: 16px;}}@container board (inline-size >= 1800px){.head{font-size: 20px;}}`;
// src/cards/board-filters.ts
function Qn(e, t, n, { texts: { board: r }, formats: i }, a) {
	return T`<div class="filters">
${$n(r.floor, r.allFloors, bt(e, i.compare), t.place, String, (e) => a({
		...t,
		place: e
	}))}
${$n(r.seats, r.anySeats, xt(e).map(String), String(t.seats || ""), (e) => r.minSeats(Number(e)), (e) => a({
		...t,
		seats: Number(e)
	}))}
<button
class="toggle"
aria-pressed=${t.freeFor ? "true" : "false"}
@click=${() => a({
		...t,
		freeFor: t.freeFor ? 0 : n
	})}
>${r.freeFor(n)}</button>
</div>`;
}
function $n(e, t, n, r, i, a) {
	if (!n.length) return O;
	let o = r && !n.includes(r) ? [r, ...n] : n;
	return T`<select
aria-label=${e}
@change=${(e) => a(e.target.value)}
>
<option value="" .selected=${!r}>${t}</option>
${o.map((e) => T`<option value=${e} .selected=${e === r}>${i(e)}</option>`)}
</select>`;
}
// src/view/clock.ts
var er = 2 * L, Z = /* @__PURE__ */ new Set(), tr, nr = 0;
function rr(e) {
	return Z.size || ir(), Z.add(e), () => {
		Z.delete(e), Z.size || ar();
	};
}
function ir() {
	nr = Date.now(), document.addEventListener("visibilitychange", sr), window.addEventListener("pageshow", cr), or();
}
function ar() {
	clearTimeout(tr), document.removeEventListener("visibilitychange", sr), window.removeEventListener("pageshow", cr);
}
function or() {
	clearTimeout(tr), tr = setTimeout(cr, L - J() % L);
}
function sr() {
	document.visibilityState === "visible" && cr();
}
function cr() {
	let e = Date.now(), t = e - nr > er ? J() - (e - nr) : null;
	nr = e, or();
	for (let e of [...Z]) e(t);
}
// src/view/pulse.ts
var lr = 15e3, ur = /* @__PURE__ */ new WeakMap();
function dr({ connection: e }) {
	if (!e?.ping) return;
	let t = ur.get(e);
	return t || (t = new fr(async () => e.ping?.()), ur.set(e, t)), t;
}
var fr = class {
	#e;
	#t;
	#n;
	constructor(e) {
		this.ping = e, this.silentSince = null, this.#e = J(), this.#n = /* @__PURE__ */ new Set();
	}
	ask(e, t) {
		this.#n.add(e), t !== null && (this.silentSince ??= t), this.silentSince !== null && e(this.silentSince), this.#t === void 0 && (this.#t = setTimeout(() => this.#r(), lr), this.ping().then(() => {
			this.heard(), this.#a();
		}, () => {}));
	}
	leave(e) {
		this.#n.delete(e), this.#n.size || this.#i();
	}
	heard() {
		this.#i(), this.#e = J(), this.silentSince = null;
	}
	#r() {
		this.#i(), this.silentSince ??= this.#e, this.#a();
	}
	#i() {
		clearTimeout(this.#t), this.#t = void 0;
	}
	#a() {
		for (let e of [...this.#n]) e(this.silentSince);
	}
}, pr = class {
	#e;
	#t;
	#n;
	constructor(e) {
		this.onChange = e, this.lostAt = null, this.#e = !0, this.#r = (e) => {
			this.#e && (e === null && (this.#t = void 0), this.#i(e === null ? null : this.lostAt ?? e));
		};
	}
	told(e) {
		this.#e = e.connected, this.#n = dr(e), e.connected ? e.states !== this.#t && (this.#t && this.#n?.heard(), this.#t = void 0, this.#i(this.#n?.silentSince ?? null)) : (this.#t = e.states, this.#i(this.lostAt ?? J()));
	}
	check(e) {
		this.#e && (this.#n ? this.#n.ask(this.#r, e) : this.#r(null));
	}
	leave() {
		this.#n?.leave(this.#r);
	}
	#r;
	#i(e) {
		e !== this.lostAt && (this.lostAt = e, this.onChange());
	}
}, mr = {
	soon: "minutes",
	day_start: "hour",
	day_end: "hour",
	hide_clock: "boolean",
	monochrome: "boolean",
	kiosk: "boolean",
	dim: "boolean",
	tap_action: "action"
}, hr = {
	...mr,
	name: "text",
	actions: "boolean",
	pin: "pin",
	nearby: "boolean",
	qr: "boolean",
	titles: "boolean"
}, gr = {
	...mr,
	title: "text",
	entities: "entities",
	place: "text",
	min_seats: "seats",
	free_for: "minutes",
	free_first: "boolean",
	hide_filters: "boolean",
	hide_floors: "boolean",
	page_seconds: "seconds"
}, _r = (e) => typeof e == "number" && e >= 0, vr = (e) => typeof e == "string" && e.startsWith("binary_sensor."), yr = (e) => typeof e?.action == "string";
function br(e) {
	return typeof e == "string" ? e : e?.entity;
}
function xr(e) {
	let t = typeof e == "string" ? void 0 : e?.tap_action;
	return vr(br(e)) && (t === void 0 || yr(t));
}
var Sr = {
	text: (e) => typeof e == "string",
	boolean: (e) => typeof e == "boolean",
	minutes: _r,
	seats: _r,
	seconds: _r,
	hour: (e) => Number.isInteger(e) && 0 <= e && e <= 24,
	entities: (e) => Array.isArray(e) && e.every(xr),
	action: yr,
	pin: (e) => typeof e == "string" && /^(\d{4,8})?$/.test(e)
};
function Cr(e, t) {
	let { entity: n } = e;
	if (!n) throw Error(t.faults.noEntity);
	if (!vr(n)) throw Error(t.faults.wrongEntity(String(n)));
	Tr(e, hr, t);
}
function wr(e, t) {
	Tr(e, gr, t);
}
function Tr(e, t, n) {
	let r = e;
	for (let [e, i] of Object.entries(t)) {
		let t = r[e];
		if (t != null && !Sr[i](t)) throw Error(n.faults.wrongOption(e, n.faults.wanted[i]));
	}
	let { day_start: i, day_end: a } = e;
	if ((i ?? 8) >= (a ?? 19)) throw Error(n.faults.dayOrder);
}
// src/cards/card.ts
var Er = [
	"entities",
	"devices",
	"config",
	"locale",
	"themes"
], Dr = class extends M {
	#e;
	#t;
	#n;
	#r = new pr(() => this.#o());
	static {
		this.properties = {
			layout: { reflect: !0 },
			preview: { type: Boolean }
		};
	}
	constructor() {
		super(), this.addController(new Vn(this, () => this.#i));
	}
	get #i() {
		let { hass: e, config: t, layout: n, preview: r, lostAt: i } = this;
		return {
			hass: e,
			isWanted: t?.kiosk === !0 && n === "panel" && !r && this.isConnected,
			isDimmed: !!t && t.dim !== !1 && !this.isMonochrome(t),
			lostAt: i
		};
	}
	get lostAt() {
		return this.#r.lostAt;
	}
	get hass() {
		return this.#e;
	}
	set hass(e) {
		let t = this.#e;
		this.#e = e, this.#r.told(e), this.#a(), !Er.every((n) => t?.[n] === e[n]) || t?.services?.feishu_freebusy !== e.services?.feishu_freebusy ? this.#o() : this.watched().some((n) => t?.states[n] !== e.states[n]) && this.requestUpdate();
	}
	connectedCallback() {
		super.connectedCallback(), this.#n = rr((e) => {
			this.#r.check(e), this.#a(), this.#o();
		}), this.#o();
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this.#n?.(), this.#r.leave();
	}
	renew() {}
	moment(e, t) {
		let n = J(), r = pn(e.locale.language);
		return this.#t ??= wt.of(e, r), {
			now: n,
			texts: r,
			formats: this.#t,
			lostAt: this.lostAt,
			isClockRight: Y(),
			day: this.day(n, this.#t.zone, t),
			soon: (t.soon ?? 10) * L,
			steady: this.isMonochrome(t)
		};
	}
	day(e, t, { day_start: n, day_end: r }) {
		return qt(e, t, n ?? 8, r ?? 19);
	}
	isMonochrome({ monochrome: e }) {
		return e ?? matchMedia("(monochrome)").matches;
	}
	action({ tap_action: e }) {
		return e && e.action !== "none" ? e : void 0;
	}
	#a() {
		if (!this.#e) return;
		let e = Y();
		Mn(this.#e).then(() => {
			Y() !== e && this.#o();
		});
	}
	#o() {
		this.#t = void 0, this.renew(), this.requestUpdate();
	}
}, Or = { filter: {
	integration: Xe,
	domain: "binary_sensor"
} }, Q = (e) => ({ number: {
	min: 0,
	max: e,
	mode: "box"
} }), kr = (...e) => ({
	name: "",
	type: "grid",
	column_min_width: "120px",
	schema: e
}), Ar = [
	kr({
		name: "soon",
		selector: Q(120)
	}, {
		name: "day_start",
		selector: Q(23)
	}, {
		name: "day_end",
		selector: Q(24)
	}),
	kr({
		name: "hide_clock",
		selector: { boolean: {} }
	}, {
		name: "monochrome",
		selector: { boolean: {} }
	}),
	kr({
		name: "kiosk",
		selector: { boolean: {} }
	}, {
		name: "dim",
		default: !0,
		selector: { boolean: {} }
	})
], jr = (e) => ({
	name: "tap_action",
	selector: { ui_action: {
		actions: [
			"more-info",
			"navigate",
			"url",
			"perform-action",
			"none"
		],
		default_action: e
	} }
}), Mr = [
	{
		name: "entity",
		required: !0,
		selector: { entity: Or }
	},
	{
		name: "name",
		selector: { text: {} }
	},
	{
		name: "actions",
		selector: { boolean: {} }
	},
	{
		name: "pin",
		selector: { text: {} }
	},
	{
		name: "nearby",
		selector: { boolean: {} }
	},
	{
		name: "qr",
		selector: { boolean: {} }
	},
	{
		name: "titles",
		selector: { boolean: {} }
	},
	...Ar,
	jr("none")
], Nr = (e) => [
	{
		name: "title",
		selector: { text: {} }
	},
	{
		name: "entities",
		selector: { entity: {
			...Or,
			multiple: !0
		} }
	},
	{
		name: "place",
		selector: { select: {
			options: e,
			custom_value: !0,
			mode: "dropdown"
		} }
	},
	kr({
		name: "min_seats",
		selector: Q(1e3)
	}, {
		name: "free_for",
		selector: Q(1440)
	}),
	kr({
		name: "free_first",
		selector: { boolean: {} }
	}, {
		name: "hide_filters",
		selector: { boolean: {} }
	}, {
		name: "hide_floors",
		selector: { boolean: {} }
	}),
	{
		name: "page_seconds",
		selector: Q(3600)
	},
	...Ar,
	jr("more-info")
];
function Pr(e) {
	return Ir(Mr, e, (t) => {
		let { entity: n, pin: r } = t;
		n && Cr(typeof r == "string" ? {
			...t,
			pin: ""
		} : t, e);
	});
}
function Fr(e, t = []) {
	return Ir(Nr(t), e, (t) => wr(t, e), e.boardHelpers);
}
function Ir(e, t, n, r = {}) {
	let i = t.labels, a = {
		...t.helpers,
		...r
	};
	return {
		schema: e,
		computeLabel: ({ name: e }) => i[e],
		computeHelper: ({ name: e }) => a[e],
		assertConfig: n
	};
}
// src/cards/board-card.ts
var Lr = "feishu-rooms-board-card", Rr = 30, zr = 3 * L, Br = 620, Vr = 1, Hr = 8, Ur = 4, Wr = { action: "more-info" }, Gr = class extends Dr {
	static {
		this.styles = [
			Kn,
			Xn,
			Zn,
			Un
		];
	}
	#e;
	#t = /* @__PURE__ */ new Map();
	#n;
	#r;
	#i = /* @__PURE__ */ new Map();
	#a = /* @__PURE__ */ new Map();
	#o = "";
	#s = [
		0,
		0,
		0
	];
	#c = new ResizeObserver(() => this.#f());
	#l = new Gn(() => this.requestUpdate());
	static getConfigForm() {
		let e = document.querySelector("home-assistant")?.hass;
		if (!e) return Fr(K());
		let t = F(e).map((t) => ({ room: H(e, t) }));
		return Fr(K(), bt(t, wt.of(e, K()).compare));
	}
	static getStubConfig() {
		return {};
	}
	setConfig(e) {
		wr(e, K()), this.config = e, this.#t = new Map(e.entities?.flatMap((e) => Kr(e))), this.#n = void 0, this.renew(), this.requestUpdate();
	}
	getCardSize() {
		return 2 + this.watched().length;
	}
	getGridOptions() {
		return {
			columns: "full",
			min_columns: 6
		};
	}
	connectedCallback() {
		super.connectedCallback(), this.#c.observe(this);
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this.#c.disconnect(), this.#l.stop(), this.#x(void 0);
	}
	watched() {
		return this.hass ? (this.#e ??= this.config?.entities?.length ? this.config.entities.map(br) : F(this.hass), this.#e) : [];
	}
	renew() {
		this.#e = void 0, this.#i.clear();
	}
	day(e, t, n) {
		return n.day_start !== void 0 || n.day_end !== void 0 ? super.day(e, t, n) : Jt(e - e % (this.isMonochrome(n) ? $t : L), t, Vr, this.#u ? Ur : Hr);
	}
	action(e) {
		return super.action({
			...e,
			tap_action: e.tap_action ?? Wr
		});
	}
	willUpdate() {
		this.toggleAttribute("fits", this.#d);
	}
	updated(e) {
		super.updated(e);
		let t = this.renderRoot.querySelector(".rooms");
		t && this.#c.observe(t);
	}
	render() {
		let { hass: e, config: t } = this;
		if (!e || !t) return O;
		let n = this.moment(e, t), { texts: r, formats: i, now: a, steady: o, lostAt: s } = n, c = this.watched().map((t) => this.#m(e, t, n));
		this.#S(c, n);
		let l = this.#n ?? qr(t), u = _t(c, {
			...l,
			freeFor: 0
		}, a), d = (e) => vt(e, !t.hide_floors, t.free_first ?? !1, i.compare), f = this.#p(d(_t(c, {
			...qr(t),
			freeFor: 0
		}, a))), p = d(_t(u, l, a)), m = Lt(p, f.height), h = Math.max(1, Math.ceil(m.length / f.columns)), g = this.#l.pageOf(h, o ? 0 : t.page_seconds ?? 12), ee = m.slice(g * f.columns, (g + 1) * f.columns);
		return T`<ha-card class=${[
			e.themes?.darkMode && "dark",
			o && "mono",
			s !== null && "offline"
		].filter(Boolean).join(" ")} @pointerdown=${this.#y} @keydown=${this.#y}>
<div class="board">
<div class="head">
<h2>${t.title ?? r.board.title}</h2>
<p class="summary">${r.board.summary(yt(u), u.length)}</p>
${s === null ? O : T`<p class="lost">${r.lost(i.time(s))}</p>`}
${t.hide_filters ? O : Qn(c, l, t.free_for || Rr, n, (e) => this.#x(e))}
${h > 1 ? this.#v(g, h, n) : O}
${t.hide_clock || o ? O : T`<time class="clock">${i.time(a)}</time>`}
</div>
${this.#u ? T`<div class="axis once">${this.#g(p[0]?.rows, n)}</div>` : O}
<div class=${f.hasStrips ? "rooms" : "rooms bare"} style="--columns:${f.columns};${f.size ? `font-size:${f.size}px` : ""}">
${ee.map((e) => T`<div class="column">
${e.map((e) => this.#h(e, p.length > 1 || e.isContinued, n))}
</div>`)}
${ee.length ? O : T`<p class="none">${c.length ? r.board.noMatch : r.board.none}</p>`}
</div>
</div>
<p class="unheard" role="status">${this.#o}</p>
</ha-card>`;
	}
	get #u() {
		let [e = 0] = this.#s;
		return e > 0 && e < Br;
	}
	get #d() {
		let { layout: e, config: t } = this;
		return (e === "panel" || typeof t?.grid_options?.rows == "number") && !this.#u && t?.page_seconds !== 0;
	}
	#f() {
		let e = this.renderRoot.querySelector(".rooms"), t = [
			this.clientWidth,
			e?.clientWidth ?? 0,
			e?.clientHeight ?? 0
		];
		if (t.every((e, t) => e === this.#s[t])) return;
		let n = this.#u;
		this.#s = t, this.#u !== n && this.#i.clear(), this.requestUpdate();
	}
	#p(e) {
		let [, t = 0, n = 0] = this.#s;
		return this.#d && n > 0 ? Rt(e, t, n) : zt(e, t);
	}
	#m(e, t, n) {
		let r = e.states[t], i = this.#i.get(t);
		if (i && i.entity === r) return i.row;
		let a = H(e, t), o = {
			room: a,
			view: tn(a, n)
		};
		return this.#i.set(t, {
			entity: r,
			row: o
		}), o;
	}
	#h({ place: e, rows: t, free: n, all: r, isContinued: i }, a, o) {
		let { board: s } = o.texts, c = e || (a ? s.elsewhere : "");
		return T`<section>
<div class="axis">
${c ? T`<h3>${i ? s.continued(c) : T`${c} <small>${s.summary(n, r)}</small>`}</h3>` : O}
${this.#u ? O : this.#g(t, o)}
</div>
<ul>
${Ye(t, ({ room: e }) => e.id, (e) => {
			let t = this.#_(e.room.id);
			return Be([e, t], () => this.#b(e, t, o));
		})}
</ul>
</section>`;
	}
	#g(e, t) {
		return Yn(e?.find(({ view: e }) => e.timeline)?.view.timeline ?? null, t);
	}
	#_(e) {
		let { config: t } = this, n = this.#t.get(e);
		return t && this.action(n ? {
			...t,
			tap_action: n
		} : t);
	}
	#v(e, t, { texts: { board: n } }) {
		return T`<div class="pager">
<button aria-label=${n.previousPage} @click=${() => this.#l.turn(-1)}>${q("previous")}</button>
<span aria-label=${n.page(e + 1, t)} role="img">${e + 1} / ${t}</span>
<button aria-label=${n.nextPage} @click=${() => this.#l.turn(1)}>${q("next")}</button>
</div>`;
	}
	#y = () => this.#l.rest();
	#b({ room: e, view: t }, n, { texts: r }) {
		let { status: i } = t, a = [
			t.seats,
			t.hint,
			t.note,
			t.pending && r.board.requests(e.pending)
		].filter(Boolean).join(" · ");
		return T`<li class=${i.soon ? `${i.kind} soon` : i.kind}>
<span class="badge fill">${bn(i)}<b>${t.word}</b></span>
<span class="who"><b>${t.name}</b> <small>${a}</small></span>
${Jn(t)}
<span class="until">${t.until}</span>
${n ? T`<button
class="tap"
aria-label=${r.details(t.name)}
@click=${() => et(this, t.id, n)}
></button>` : O}
</li>`;
	}
	#x(e) {
		this.#n = e, this.#l.reset(), clearTimeout(this.#r), e && (this.#r = setTimeout(() => this.#x(void 0), zr)), this.requestUpdate();
	}
	#S(e, { texts: t }) {
		let n = e.filter(({ room: e, view: t }) => {
			let n = this.#a.get(e.id);
			return n !== void 0 && n !== t.status.kind;
		});
		for (let { room: t, view: n } of e) this.#a.set(t.id, n.status.kind);
		let [r] = n;
		r && (this.#o = n.length === 1 ? t.is(r.view.name, r.view.phrase) : t.board.changed(n.length));
	}
};
function Kr(e) {
	let t = typeof e == "string" ? void 0 : e.tap_action;
	return t ? [[br(e), t]] : [];
}
function qr(e) {
	return {
		place: e.place ?? "",
		seats: e.min_seats ?? 0,
		freeFor: e.free_for ?? 0
	};
}
// src/model/nearby.ts
var Jr = 3, Yr = 15 * L;
function Xr({ kind: e, soon: t }) {
	return e === "busy" || e === "disabled" || e === "free" && t;
}
function Zr(e, t, n) {
	let r = t.flatMap((t) => {
		if (t.id === e.id) return [];
		let r = lt(t, n);
		return ft(r, n.now, Yr) ? [{
			room: t,
			status: r,
			place: Qr(e, t)
		}] : [];
	}), i = (t) => t.place === e.place ? 0 : t.building === e.building ? 1 : 2, a = ({ seats: t }) => Number(e.seats !== null && (t ?? 0) < e.seats), o = ({ until: e }) => e ?? Number.MAX_VALUE;
	return r.sort((e, t) => i(e.room) - i(t.room) || a(e.room) - a(t.room) || o(t.status) - o(e.status) || (e.room.name < t.room.name ? -1 : 1)).slice(0, Jr);
}
function Qr(e, { building: t, place: n }) {
	return n === e.place ? "" : t === e.building && n !== t ? n.slice(t.length + 3) : n;
}
// src/model/offers.ts
var $r = [
	15,
	30,
	60
], ei = [15, 30], ti = 5 * L, ni = 4 * R, ri = {
	book: "book_room",
	extend: "extend_booking",
	end: "end_booking"
};
function ii(e, t) {
	let n = e.services?.feishu_freebusy ?? {}, r = $e(e, t), i = (t) => {
		let i = r[t];
		return ri[t] in n && (!i || e.states[i]?.state !== "unavailable");
	};
	return {
		book: ri.book in n,
		extend: i("extend"),
		end: i("end")
	};
}
function ai(e, t, n) {
	if (e.kind === "free" && t.book) return oi(e.until, n);
	if (e.kind !== "busy") return [];
	let r = e.until === null ? 0 : (e.next?.start ?? Infinity) - e.until;
	return [...(t.extend ? ei.filter((e) => e * L <= r) : []).map((e) => ({
		kind: "extend",
		minutes: e
	})), ...t.end ? [{ kind: "end" }] : []];
}
function oi(e, t) {
	let n = e === null ? Infinity : e - t, r = $r.filter((e) => e * L <= n), i = r.map((e) => ({
		kind: "book",
		minutes: e
	})), a = r.every((e) => n - e * L >= L);
	return e !== null && a && ti <= n && n <= ni && i.push({
		kind: "book",
		end: e
	}), i;
}
function si(e, t) {
	let n = { entity_id: t }, r = ri[e.kind];
	return "minutes" in e ? {
		service: r,
		data: {
			...n,
			duration: { minutes: e.minutes }
		}
	} : {
		service: r,
		data: "end" in e ? {
			...n,
			end: new Date(e.end).toISOString()
		} : n
	};
}
// src/model/titles.ts
function ci({ labels: e }, { kind: t, next: n }, r) {
	let i = e.filter(({ start: e, end: t }) => e <= r && r < t), a = e.filter(({ start: e }) => e === n?.start);
	return {
		current: t === "busy" ? li(i) : [],
		next: li(a)
	};
}
function li(e) {
	let [t, n] = e;
	return t && !n ? [t.title, t.organizer].filter(Boolean) : [];
}
// src/model/tomorrow.ts
function ui(e, { now: t, texts: n, formats: r }, i, a) {
	let { zone: o } = r, s = B(z(t, o) + 1, i, o), c = qt(s, o, i, a), l = e.bookings.filter((e) => Ht(e, c.whole)).map((e) => r.span(e.start, e.end, s)), u = n.is(n.tomorrow, l.length ? n.sentence(...l) : n.nothingBooked);
	return {
		spans: l,
		timeline: Zt(e, c, c.start),
		bookings: u
	};
}
// src/view/perform.ts
async function di(e, t, n) {
	let r;
	try {
		r = await e.callService?.(Xe, t, n, void 0, !1, !0);
	} catch (t) {
		return fi(t) ? {
			kind: "refused",
			reason: await pi(e, t),
			isForbidden: t.code === "unauthorized"
		} : { kind: "unknown" };
	}
	let { name: i, end: a, confirmed: o } = r?.response ?? {}, s = typeof a == "string" ? Date.parse(a) : NaN;
	return {
		kind: "done",
		name: typeof i == "string" ? i : "",
		end: Number.isNaN(s) ? null : s,
		isConfirmed: o !== !1
	};
}
function fi(e) {
	return typeof e?.code == "string";
}
async function pi(e, t) {
	let { translation_domain: n, translation_key: r, translation_placeholders: i } = t;
	return (n && r ? await e.loadBackendTranslation?.("exceptions", n).catch(() => null) : null)?.(`component.${n}.exceptions.${r}.message`, i) || t.message || "";
}
// src/view/run.ts
var mi = { kind: "idle" }, hi = L, gi = 8 * I, _i = 3 * L, vi = 5, yi = L, bi = class {
	#e;
	#t;
	#n;
	#r;
	constructor(e) {
		this.onChange = e, this.phase = mi, this.#t = 0, this.#n = 0, this.#r = -Infinity;
	}
	begin(e, t, n, r) {
		this.phase.kind !== "working" && (t ? this.#c({
			kind: "pin",
			offer: e,
			typed: "",
			fault: this.#i ? "locked" : null
		}) : this.#o(e, n, r));
	}
	type(e, t, n, r) {
		if (this.phase.kind !== "pin" || this.#i) return;
		let { offer: i } = this.phase, a = this.phase.typed + e;
		if (a.length < t.length) this.#c({
			kind: "pin",
			offer: i,
			typed: a,
			fault: null
		});
		else if (a === t) this.#n = 0, this.#o(i, n, r);
		else {
			this.#n += 1;
			let e = this.#n >= vi;
			e && (this.#n = 0, this.#r = performance.now() + yi), this.#c({
				kind: "pin",
				offer: i,
				typed: "",
				fault: e ? "locked" : "wrong"
			});
		}
	}
	erase() {
		this.phase.kind === "pin" && this.#c({
			...this.phase,
			typed: this.phase.typed.slice(0, -1),
			fault: null
		});
	}
	confirm(e, t) {
		this.phase.kind === "confirm" && this.#s(this.phase.offer, e, t);
	}
	dismiss() {
		this.phase.kind !== "working" && this.#c(mi);
	}
	lose() {
		this.phase.kind === "working" ? this.#c({
			kind: "unknown",
			offer: this.phase.offer
		}) : this.#a && this.dismiss();
	}
	leave() {
		this.#t += 1, clearTimeout(this.#e), this.phase = mi;
	}
	get #i() {
		return performance.now() < this.#r;
	}
	get #a() {
		return this.phase.kind === "pin" || this.phase.kind === "confirm";
	}
	#o(e, t, n) {
		e.kind === "end" ? this.#c({
			kind: "confirm",
			offer: e
		}) : this.#s(e, t, n);
	}
	#s(e, t, n) {
		this.#t += 1;
		let r = this.#t;
		this.#c({
			kind: "working",
			offer: e
		});
		let { service: i, data: a } = si(e, n);
		di(t, i, a).then((t) => {
			r === this.#t && !this.#a && this.#c({
				...t,
				offer: e
			});
		});
	}
	#c(e) {
		this.phase = e, clearTimeout(this.#e), e.kind === "working" ? this.#e = setTimeout(() => this.lose(), _i) : e.kind !== "idle" && (this.#e = setTimeout(() => this.dismiss(), e.kind === "done" ? gi : hi)), this.onChange();
	}
}, xi = 60, Si = class {
	#e;
	constructor(e, t) {
		this.host = e, this.onSwipe = t;
	}
	hostConnected() {
		this.host.addEventListener("pointerdown", this.#t), this.host.addEventListener("pointerup", this.#n);
	}
	hostDisconnected() {
		this.host.removeEventListener("pointerdown", this.#t), this.host.removeEventListener("pointerup", this.#n);
	}
	#t = (e) => {
		this.#e = e.pointerType !== "mouse" && e.isPrimary ? e : void 0;
	};
	#n = (e) => {
		if (!this.#e || e.pointerId !== this.#e.pointerId) return;
		let t = e.clientX - this.#e.clientX, n = e.clientY - this.#e.clientY;
		this.#e = void 0, Math.abs(t) < xi || Math.abs(t) < 2 * Math.abs(n) || this.onSwipe(t < 0 != (getComputedStyle(this.host).direction === "rtl"));
	};
}, Ci = [
	"1",
	"2",
	"3",
	"4",
	"5",
	"6",
	"7",
	"8",
	"9"
];
function wi(e, t, n) {
	let { phase: r, offers: i, pinLength: a } = e, { actions: o } = t.texts, s = [i.filter(({ kind: e }) => e !== "end"), i.filter(({ kind: e }) => e === "end")], c = s[0]?.[0] ? o[s[0][0].kind] : "";
	return T`<div class="actions is-${r.kind}">
<p class="said" role="status" tabindex="-1">${Di(r)}${Oi(e, t)}</p>
${r.kind === "pin" ? ki(r.typed.length, a, t) : O}
<div class="keys">
${r.kind === "idle" ? T`${c ? T`<span class="label" aria-hidden="true">${c}</span>` : O}
${s.flat().map((e) => Ti(e, t, n))}` : Ei(r, t, n)}
</div>
</div>`;
}
function Ti(e, t, n) {
	return T`<button
class=${e.kind === "end" ? "key quiet" : "key"}
aria-label=${Ai(e, t)}
@click=${() => n.begin(e)}
>${ji(e, t)}</button>`;
}
function Ei(e, { texts: { actions: t } }, n) {
	switch (e.kind) {
		case "idle":
		case "working": return O;
		case "pin": {
			let e = (e) => T`<button class="key digit" @click=${() => n.type(e)}>${e}</button>`;
			return T`${Ci.map(e)}
<button class="key quiet cancel" @click=${() => n.dismiss()}>${t.cancel}</button>
${e("0")}
<button class="key quiet erase" aria-label=${t.erase} @click=${() => n.erase()}>${q("erase")}</button>`;
		}
		case "confirm": return T`<button class="key" @click=${() => n.confirm()}>${t.endNow}</button>
<button class="key quiet safe" @click=${() => n.dismiss()}>${t.keep}</button>`;
		default: return T`<button class="key" @click=${() => n.dismiss()}>${t.ok}</button>`;
	}
}
function Di({ kind: e }) {
	return e === "working" || e === "done" ? q(e) : e === "refused" || e === "unknown" ? q("failed") : O;
}
function Oi({ phase: e, name: t }, n) {
	let { texts: r, formats: i, now: a } = n, { actions: o } = r;
	switch (e.kind) {
		case "idle": return "";
		case "pin": return e.fault ? e.fault === "wrong" ? o.wrongPin : o.locked : r.is(Ai(e.offer, n), o.enterPin);
		case "confirm": return o.confirm;
		case "working": return o.working[e.offer.kind];
		case "done": {
			let n = e.name || t;
			if (e.offer.kind === "end") return (e.isConfirmed ? o.ended : o.notShownYet)(n);
			let r = e.end === null ? "" : i.end(e.end, a);
			return (e.offer.kind === "book" ? o.booked : o.extended)(n, r);
		}
		case "refused": {
			let t = e.isForbidden ? o.forbidden : e.reason || o.noReason;
			return o.refused[e.offer.kind](t);
		}
		case "unknown": return o.unknown;
	}
}
function ki(e, t, { texts: n }) {
	return T`<p class="dots" role="img" aria-label=${n.actions.digits(e)}>
${Array.from({ length: t }, (t, n) => T`<i class=${n < e ? "typed" : ""}></i>`)}
</p>`;
}
function Ai(e, { texts: { actions: t }, formats: n, now: r }) {
	return e.kind === "end" ? t.end : "end" in e ? t.bookUntil(n.end(e.end, r)) : (e.kind === "book" ? t.bookFor : t.extendBy)(t.minutes(e.minutes));
}
function ji(e, { texts: { actions: t, until: n }, formats: r, now: i }) {
	return e.kind === "end" ? t.end : "end" in e ? n.busy(r.end(e.end, i)) : t.minutes(e.minutes);
}
// src/cards/room-actions.styles.ts
var Mi = o` button{font: inherit;}.key,.open{box-sizing: border-box;min-block-size: 48px;min-inline-size: 48px;padding: 0 16px;border: 2px solid transparent;border-radius: 12px;font-weight: 600;white-space: nowrap;cursor: pointer;touch-action: manipulation;-webkit-tap-highlight-color: transparent;}.key:focus-visible,.open:focus-visible{outline: 3px solid currentcolor;outline-offset: 2px;}.sign{flex: none;inline-size: 1.4em;block-size: 1.4em;fill: none;stroke: currentcolor;stroke-width: 2.4;stroke-linecap: round;stroke-linejoin: round;}.sign.working{animation: turn 1s linear infinite;}.mono .sign.working{animation: none;}@keyframes turn{to{rotate: 1turn;}}@media (prefers-reduced-motion: reduce){.sign.working{animation-duration: 4s;}}.open{position: relative;display: none;align-items: center;justify-content: center;gap: 6px;padding: 0 10px;color: var(--on-fill);background: var(--fill);font-size: 15px;}.busy .open,.mono .open{border-color: currentcolor;color: var(--ink);background: none;}.room > .actions{display: none;}@container card (inline-size >= 220px) and (block-size < 240px){.open{grid-area: open;display: flex;align-self: center;}.open span{display: none;}}@container card (inline-size >= 220px) and (block-size < 168px){.acts .room{grid-template-columns: auto minmax(0,1fr) auto;grid-template-areas: "icon name open" "icon state open";}.open{margin-block: -6px;}}@container card (inline-size >= 220px) and (96px <= block-size < 168px){.acts .room{grid-template-areas: "icon name open" "icon state open" "day day day";}}@container card (inline-size >= 220px) and (168px <= block-size < 240px){.acts .room{grid-template-areas: "name open" "about open" "state state" "below below" "day day";}.acts .name{align-self: end;}.acts .clock{display: none;}}@container card (block-size >= 240px){.acts .room{grid-template: "name clock" auto "about about" auto "state state" minmax(0,1fr) "below below" auto "day day" auto "open open" auto / minmax(0,1fr) auto;}.open{grid-area: open;display: flex;margin-block-start: 6px;}.acts .hours,.acts .coming{display: none;}}@container card (240px <= block-size < 300px){.acts .left{display: none;}}@container card (inline-size < 190px){.busy .open span{display: none;}}.actions{display: flex;flex-wrap: wrap;align-items: center;gap: 8px;}.keys{display: flex;flex-wrap: wrap;align-items: center;gap: 8px;}.label{font-weight: 600;}.said{display: flex;align-items: center;gap: 0.5em;font-weight: 600;outline: none;}.actions:not(.is-idle) .said{flex: 1 1 12em;}.actions.is-idle .said{position: absolute;}.key.digit{font-size: 1.4em;}dialog{box-sizing: border-box;inline-size: min(400px,100vw - 32px);max-block-size: calc(100dvh - 32px);padding: 0;border: 0;border-radius: 20px;color: var(--text);background: var(--ground);font-size: 16px;line-height: 1.35;box-shadow: 0 8px 40px rgb(0 0 0 / 40%);}dialog.mono{border: 2px solid #000;border-radius: 0;box-shadow: none;}dialog::backdrop{background: rgb(0 0 0 / 55%);}.sheet{padding: 16px 20px 20px;}.top{display: flex;align-items: center;gap: 12px;margin-block-end: 12px;}.top h2{flex: 1;overflow: hidden;text-overflow: ellipsis;font-size: 20px;font-weight: 600;white-space: nowrap;}.top .key{display: grid;place-items: center;padding: 0;border: 0;border-radius: 50%;}.sheet .actions{flex-direction: column;align-items: stretch;gap: 16px;}.sheet .actions:not(.is-idle) .said{flex: none;min-block-size: 2.7em;}.sheet .keys{display: grid;grid-template-columns: 1fr 1fr;}.sheet .label{grid-column: 1 / -1;}.sheet .key{min-block-size: 56px;color: #fff;background: var(--key,var(--free));font-size: 17px;}.sheet .key.quiet{border-color: var(--quiet);color: var(--text);background: none;}.sheet .top .key{min-block-size: 48px;border-color: transparent;}.sheet .is-confirm .key:not(.quiet){background: var(--busy);}.sheet .is-idle .key.quiet,.sheet .keys .key:only-child{grid-column: 1 / -1;}dialog:not(.mono) .failed{color: #bd2016;}dialog:not(.mono) .done{color: #17723a;}dialog.dark .failed{color: #ff8177;}dialog.dark .done{color: #5fcf86;}.sheet .is-pin .keys{grid-template-columns: repeat(3,1fr);}.sheet .key.digit{border-color: var(--quiet);color: var(--text);background: none;font-size: 22px;}.sheet .key.erase{display: grid;place-items: center;padding: 0;}.dots{display: flex;justify-content: center;gap: 14px;}.dots i{inline-size: 14px;block-size: 14px;border: 2px solid currentcolor;border-radius: 50%;}.dots .typed{background: currentcolor;}@container card (block-size >= 360px) and (inline-size >= 320px){.acts .room{grid-template: "name clock" auto "about clock" auto "state state" minmax(0,1fr) "invite invite" auto "nearby nearby" auto "notes notes" auto "below below" auto "actions actions" auto "day day" auto / minmax(0,1fr) auto;}.room .open{grid-area: actions;min-block-size: 52px;margin-block-start: calc(2 * var(--unit));border: 0;color: var(--fill);background: var(--on-fill);font-size: 17px;}.acts .word{font-size: min(21cqb,58cqi / var(--ems));}.acts .until{font-size: max(18px,min(7.5cqb,4.6cqi));}.acts.helps .state{grid-template: "icon . ." 1fr "icon word hint" auto "icon until until" auto "icon title title" auto "icon . ." 1fr / auto minmax(0,auto) 1fr;}.acts.helps .hint{margin-block-start: 0;}.acts.helps .word{font-size: min(16cqb,44cqi / var(--ems));}.acts.helps .until{font-size: max(16px,min(6cqb,4.6cqi));}.acts.helps .icon.icon{inline-size: min(24cqb,22cqi);}.room > .actions{grid-area: actions;position: relative;min-block-size: max(48px,calc(9 * var(--unit)));margin-block-start: calc(2.5 * var(--unit));font-size: max(16px,calc(3.4 * var(--unit)));}.room > .actions .keys{gap: max(8px,calc(1.6 * var(--unit)));}.room > .actions.is-idle .keys{flex: 1;}.room .key{min-block-size: max(48px,calc(9 * var(--unit)));padding-inline: max(16px,calc(3 * var(--unit)));border-radius: max(12px,calc(2 * var(--unit)));color: var(--fill);background: var(--on-fill);}.room .key.quiet{border-color: currentcolor;color: var(--on-fill);background: none;}.room > .is-refused,.room > .is-unknown{padding: calc(1.2 * var(--unit)) max(12px,calc(2 * var(--unit)));border-radius: max(12px,calc(2 * var(--unit)));color: var(--fill);background: var(--on-fill);}.room > .is-refused .key,.room > .is-unknown .key{color: var(--on-fill);background: var(--fill);}.room .is-idle .key{flex: 1 1 auto;max-inline-size: 12em;}.room .is-idle .key.quiet{margin-inline-start: auto;}}@container card ((block-size >= 400px) and (inline-size >= 560px)) or ((block-size >= 600px) and (inline-size >= 320px) and (aspect-ratio < 1)){.open.open{display: none;}.room > .actions{display: flex;}.acts .hours{display: block;}.acts .coming{display: flex;}}@container card (block-size >= 360px) and (inline-size >= 320px) and (aspect-ratio < 1){.acts .word{font-size: min(13cqb,84cqi / var(--ems));}.acts .until{font-size: max(18px,min(4cqb,7cqi));}.acts.helps .state{grid-template: "icon" auto "word" auto "until" auto "title" auto "hint" auto / minmax(0,1fr);}.acts.helps .hint{margin-block-start: calc(1.5 * var(--unit));}.acts.helps .word{font-size: min(9cqb,84cqi / var(--ems));}.acts.helps .until{font-size: max(16px,min(3cqb,7cqi));}.acts.helps .icon.icon{inline-size: min(11cqb,42cqi);}.room .is-idle .keys{display: grid;grid-template-columns: 1fr 1fr;}.room .is-idle .label,.room .is-idle .key.quiet{grid-column: 1 / -1;}.room .is-idle .key{max-inline-size: none;}.room .is-idle .key.quiet{margin: 0;}.room > .actions:not(.is-idle) .said{flex-basis: 100%;}}`, Ni = o` :host{display: block;block-size: 100%;user-select: none;-webkit-user-select: none;}:host(:not([layout])),:host([auto]){block-size: 248px;}:host([layout="panel"]){min-block-size: 240px;}ha-card{position: relative;box-sizing: border-box;block-size: 100%;overflow: hidden;container: card / size;line-height: 1.25;}p,h2,h3,ul,dl,dd{margin: 0;padding: 0;font-weight: inherit;}.tap{position: absolute;inset: 0;padding: 0;border: 0;border-radius: inherit;background: none;cursor: pointer;}.tap:focus-visible{outline: 3px solid var(--primary-color,currentcolor);outline-offset: -4px;}.name,.about,.until{overflow: hidden;text-overflow: ellipsis;white-space: nowrap;}.clock,.until,dd{font-variant-numeric: tabular-nums;}p,h2,h3,li,dt,dd,.left{unicode-bidi: plaintext;text-align: var(--near);}.room{box-sizing: border-box;block-size: 100%;padding: 8px 12px;display: grid;grid-template: "icon name" auto "icon state" auto / auto minmax(0,1fr);column-gap: 12px;align-content: center;}.name{grid-area: name;font-size: 14px;font-weight: 500;}.state{display: contents;}.icon{grid-area: icon;align-self: center;box-sizing: border-box;inline-size: 38px;block-size: 38px;padding: 6px;border-radius: 50%;color: var(--on-fill);background: var(--fill);}.unknown .icon,.offline .icon,.mono.free .icon,.mono.disabled .icon{outline: 2px dashed currentcolor;outline-offset: -2px;}.what{grid-area: state;display: flex;flex-wrap: wrap;justify-content: space-between;column-gap: 10px;block-size: 17px;overflow: hidden;}.word{color: var(--ink);font-size: 13px;font-weight: 700;line-height: 17px;white-space: nowrap;}.until{color: var(--quiet);font-size: 12px;line-height: 17px;}.offline .room{--fill: var(--ground);--on-fill: var(--ink);--bar: var(--ink);}.about,.clock,.hint,.left,.notes,.nearby,.coming,.later,.title,.day{display: none;}@container card (block-size >= 96px){.room{grid-template: "icon name" auto "icon state" auto "day day" auto / auto minmax(0,1fr);row-gap: 2px;}.what{block-size: auto;max-block-size: 34px;}.day{grid-area: day;display: block;margin-block-start: 8px;}.strip{block-size: 18px;}.hours{display: none;}}@container card (inline-size < 150px) and (block-size < 168px){.room{padding: 6px;grid-template: "name" auto "state" auto / minmax(0,1fr);row-gap: 0;color: var(--on-fill);background: var(--fill);}.unknown .room,.offline .room,.mono .room{outline: 2px dashed currentcolor;outline-offset: -4px;}.mono.free .room{outline-style: solid;}.mono.offline .room{outline-style: dashed;}.icon.icon.icon,.day.day{display: none;}.name{font-size: 13px;}.word,.until{color: inherit;}.word{font-size: min(14px,(100cqi - 16px) / var(--ems));}}@container card (inline-size < 150px) and (96px <= block-size < 168px){.what{max-block-size: 68px;}.until{white-space: normal;}}@container card (block-size >= 168px){.room{padding: 12px;grid-template: "name clock" auto "about about" auto "state state" minmax(0,1fr) "below below" auto "day day" auto / minmax(0,1fr) auto;gap: 2px 8px;align-content: stretch;}.name{font-size: 16px;}.about{grid-area: about;display: block;color: var(--quiet);font-size: 12px;min-block-size: 1.25em;}.clock{grid-area: clock;display: block;color: var(--quiet);font-size: 14px;}.date{display: none;}.what{display: contents;}.state{grid-area: state;position: relative;margin-block: 6px;padding: 8px 12px;display: grid;grid-template: "icon word hint" auto "icon until until" auto / auto minmax(0,auto) 1fr;column-gap: 12px;align-content: center;border-radius: 8px;color: var(--on-fill);background: var(--fill);}.unknown .state,.offline .state,.mono.free .state,.mono.disabled .state{outline: 2px dashed currentcolor;outline-offset: -2px;}.mono.free .state{outline-style: solid;}.mono.offline .state{outline-style: dashed;}.offline .icon.icon{outline: none;}.icon,.unknown .icon,.mono .icon.icon{inline-size: 44px;block-size: 44px;padding: 0;outline: none;}.word{grid-area: word;color: inherit;font-size: 22px;line-height: 1.15;}.until{grid-area: until;line-height: 1.25;justify-self: start;max-inline-size: 100%;color: inherit;font-size: 14px;}.until:empty{display: none;}.hint{grid-area: hint;justify-self: end;align-self: center;display: block;padding: 1px 8px;border-radius: 99px;color: var(--fill);background: var(--on-fill);font-size: 12px;font-weight: 600;white-space: nowrap;}.notes,.coming{grid-area: below;display: block;align-self: end;font-size: 12px;}.notes p:not(.pending){display: -webkit-box;overflow: hidden;-webkit-box-orient: vertical;-webkit-line-clamp: 1;}.coming > div{display: flex;gap: 6px;}.coming > div + div{display: none;}.pending,.notes:has(> :not(.pending)) ~ .coming{display: none;}dt{color: var(--quiet);white-space: nowrap;}dd{overflow: hidden;text-overflow: ellipsis;white-space: nowrap;}.day{margin-block-start: 6px;}}@container card (block-size >= 168px) and (inline-size < 280px){.hint{display: none;}.room{padding: 10px;}.icon,.unknown .icon,.mono .icon.icon{inline-size: 36px;block-size: 36px;}}@container card (block-size >= 220px){.word{font-size: 28px;}.until{font-size: 15px;white-space: normal;}.notes p{-webkit-line-clamp: 2;}.left{display: block;white-space: nowrap;}.hours{display: block;margin-block-start: 3px;color: var(--quiet);font-size: 11px;}}@container card (block-size >= 220px) and (inline-size >= 300px){.word{font-size: 32px;}.icon,.unknown .icon,.mono .icon.icon{inline-size: 56px;block-size: 56px;}.left{display: inline-block;}.left::before{content: "· ";}}@container card (inline-size < 420px){.hours .h2 span{display: none;}}@container card (block-size >= 168px) and (inline-size < 220px){.state{padding-inline: 10px;grid-template: "icon word" auto "until until" auto / auto minmax(0,1fr);column-gap: 8px;}.icon,.unknown .icon,.mono .icon.icon{inline-size: 28px;block-size: 28px;}.word{font-size: min(22px,(100cqi - 84px) / var(--ems));}.until{font-size: 13px;white-space: normal;}.clock,.coming.coming,.hours.hours{display: none;}.room{grid-template-columns: minmax(0,1fr) 0;}}@container card (168px <= block-size < 220px) and (150px <= inline-size < 220px){.until{white-space: nowrap;}}@container card (block-size >= 168px) and (inline-size < 150px){.room{padding: 6px;grid-template-columns: minmax(0,1fr);grid-template-areas: "name" "about" "state" "below" "day";}.name{font-size: 14px;}.left.left,.icon.icon.icon{display: none;}.state{padding: 6px;grid-template: "word" auto "until" auto / minmax(0,1fr);}.word{font-size: min(20px,(100cqi - 28px) / var(--ems));}.until{font-size: 12px;}}`, Pi = o` .invite,.turn{display: none;}.days{min-inline-size: 0;}@container card (block-size >= 360px) and (inline-size >= 320px){.room{touch-action: pan-y;}.day{display: grid;grid-template-columns: minmax(0,1fr) auto;align-items: center;gap: calc(2 * var(--unit));}.turn{box-sizing: border-box;display: grid;place-items: center;inline-size: max(48px,calc(9 * var(--unit)));block-size: max(48px,calc(9 * var(--unit)));padding: 0;border: 0;border-radius: 50%;color: inherit;background: var(--track);font-size: max(18px,calc(4 * var(--unit)));cursor: pointer;touch-action: manipulation;-webkit-tap-highlight-color: transparent;}.turn:focus-visible{outline: 3px solid currentcolor;outline-offset: 2px;}.mono .turn{border: 2px solid currentcolor;}.ahead .now{display: none;}.invite{--side: min(26cqb,17cqi);grid-area: state;place-self: center end;inline-size: min-content;font-size: max(14px,min(2.6cqb,1.7cqi));}.invite p,.invite span{display: block;text-align: center;}.qr{display: block;box-sizing: border-box;inline-size: var(--side);block-size: var(--side);margin-block-end: 0.4em;margin-inline: auto;border-radius: max(6px,calc(1 * var(--unit)));background: #fff;}}@container card (block-size >= 480px) and (inline-size >= 760px) and (aspect-ratio >= 1){.invite{display: block;max-inline-size: calc(1.5 * var(--side));inline-size: max-content;}.invites.invites .state{margin-inline-end: calc(1.5 * min(26cqb,17cqi) + 3 * var(--unit));}.invites.invites .word.word{font-size: min(17cqb,34cqi / var(--ems));}.invites.invites .icon.icon.icon{inline-size: min(24cqb,15cqi);}.invites.invites .until{font-size: max(18px,min(6cqb,3.4cqi));}.invites.invites .state .title{font-size: max(16px,min(4cqb,2.6cqi));}}@container card (aspect-ratio >= 1){.helps .invite{--side: min(19cqb,14cqi);}.acts.helps .invite.invite{display: none;}}@container card (block-size < 700px){.helps .invite.invite{display: none;}}@container card (block-size >= 600px) and (inline-size >= 320px) and (aspect-ratio < 1){.plan > div > dd:first-of-type{block-size: 2.5em;}}@container card (block-size >= 700px) and (inline-size >= 560px) and (aspect-ratio < 1){.invite{--side: min(13cqb,24cqi);grid-area: invite;place-self: center;display: flex;align-items: center;gap: calc(3 * var(--unit));inline-size: auto;margin-block-end: calc(2 * var(--unit));font-size: max(16px,min(2cqb,3cqi));}.invite p,.invite span{text-align: start;}.invite .qr{flex: none;margin: 0;}.invites.invites .icon.icon.icon{inline-size: min(11cqb,34cqi);}.invites.invites .word.word{font-size: min(9cqb,84cqi / var(--ems));}.helps.invites .icon.icon.icon{inline-size: min(8cqb,34cqi);}.helps.invites .word.word.word{font-size: min(7cqb,84cqi / var(--ems));}}@media (prefers-reduced-motion: no-preference){.ahead .days{animation: turn-page 0.2s ease-out;}.mono .ahead .days{animation: none;}@keyframes turn-page{from{translate: 24px 0;}}}`, Fi = o` @container card (block-size >= 360px) and (inline-size >= 320px){.room{--unit: min(1cqb,0.75cqi);--track: rgb(0 0 0 / 24%);--track-edge: var(--fill);--past: rgb(0 0 0 / 16%);--bar: var(--on-fill);--now: #000;--now-edge: #fff;--quiet: currentcolor;position: relative;padding: calc(5 * var(--unit)) calc(6 * var(--unit));grid-template: "name clock" auto "about clock" auto "state state" minmax(0,1fr) "invite invite" auto "nearby nearby" auto "notes notes" auto "below below" auto "day day" auto / minmax(0,1fr) auto;gap: 0 calc(3 * var(--unit));color: var(--on-fill);background: var(--fill);}.free.soon .room{--now: #fff;--now-edge: #000;}.disabled:not(.offline) .room{background: repeating-linear-gradient(135deg,var(--fill) 0 28px,color-mix(in srgb,var(--fill),#000 14%) 28px 56px);}.unknown .room,.offline .room,.mono.disabled .room,.mono.unknown .room{outline: max(4px,calc(1.2 * var(--unit))) dashed currentcolor;outline-offset: calc(-2 * var(--unit));}.offline.offline .room{--track: rgb(128 128 128 / 30%);--past: transparent;--bar: var(--ink);--now: var(--text);--now-edge: var(--ground);}.mono .room,.mono.free.soon .room{--track: var(--fill);--past: transparent;--now: var(--on-fill);--now-edge: var(--fill);background: var(--fill);}.name{font-size: max(20px,calc(7 * var(--unit)));font-weight: 600;}.about{font-size: max(14px,calc(3.2 * var(--unit)));}.clock{color: inherit;text-align: var(--far);font-size: max(20px,calc(7 * var(--unit)));}.date{display: block;font-size: max(12px,calc(2.8 * var(--unit)));}.state,.unknown .state,.offline .state,.mono.offline .state,.mono.free .state,.mono.disabled .state{margin: 0;padding: 0;grid-template: "icon ." 1fr "icon word" auto "icon until" auto "icon title" auto "icon hint" auto "icon ." 1fr / auto minmax(0,1fr);column-gap: calc(4 * var(--unit));background: none;outline: none;}.icon,.unknown .icon,.mono .icon.icon{inline-size: min(36cqb,24cqi);block-size: auto;color: inherit;background: none;}.word{font-size: min(26cqb,58cqi / var(--ems));font-weight: 800;line-height: 1.15;letter-spacing: -0.01em;}.until{margin-block-start: 0.15em;overflow: visible;display: flex;flex-wrap: wrap;column-gap: 0.7em;font-size: max(18px,min(8.5cqb,4.6cqi));white-space: normal;}.what{display: contents;}.notes p{-webkit-line-clamp: 2;}.left{display: block;}.left::before{content: none;}.title{display: inline;}.next bdi::before,bdi + bdi::before{content: "\\a0· ";}.state .title{grid-area: title;display: flex;min-block-size: 1.25em;font-size: max(16px,min(6cqb,3.6cqi));}.state bdi{overflow: hidden;text-overflow: ellipsis;white-space: nowrap;}.state bdi + bdi{flex: none;max-inline-size: 50%;}.acts.titled .word{font-size: min(16cqb,44cqi / var(--ems));}.acts.helps.titled .word.word{font-size: min(11cqb,44cqi / var(--ems));}.hint{justify-self: start;margin-block-start: calc(1.5 * var(--unit));padding: 0.1em 0.6em;font-size: max(16px,calc(4.5 * var(--unit)));}.nearby{grid-area: nearby;display: block;margin-block-end: calc(2 * var(--unit));font-size: max(14px,calc(2.9 * var(--unit)));}.nearby h3{margin-block-end: 0.3em;font-weight: 600;}.nearby ul{display: flex;gap: max(8px,calc(1.6 * var(--unit)));list-style: none;}.nearby li{flex: 0 1 calc(100% / 3);min-inline-size: 0;box-sizing: border-box;display: grid;grid-template-columns: fit-content(65%) minmax(0,1fr);align-items: baseline;column-gap: 0.6em;padding: 0.4em 0.8em;border: max(1px,calc(0.25 * var(--unit))) solid currentcolor;border-radius: max(8px,calc(1.4 * var(--unit)));}.nearby b,.nearby span{overflow: hidden;text-overflow: ellipsis;white-space: nowrap;}.nearby b{font-size: 1.2em;}.nearby span:last-child{grid-column: 1 / -1;}.helps .word{font-size: min(19cqb,58cqi / var(--ems));}.helps .until{font-size: max(18px,min(7cqb,4.6cqi));}.helps .icon.icon{inline-size: min(30cqb,24cqi);}.notes{grid-area: notes;font-size: max(15px,calc(3.6 * var(--unit)));}.pending{display: block;}.notes .lost{display: block;inline-size: fit-content;padding: 0.1em 0.6em;border-radius: 99px;color: var(--fill);background: var(--on-fill);font-weight: 600;}.coming,.notes:has(> :not(.pending)) ~ .coming{display: flex;gap: 0 calc(8 * var(--unit));font-size: max(16px,calc(4 * var(--unit)));}.coming > div{min-inline-size: 0;}.coming > div + div{display: flex;flex: none;}dd{font-weight: 600;}.coming dd:first-of-type{display: flex;flex-wrap: wrap;block-size: 1.25em;}.next{overflow: hidden;text-overflow: ellipsis;}.later{display: inline;}.later::before{content: "\\a0· ";}.day{margin-block-start: calc(2.5 * var(--unit));}.strip{block-size: max(22px,calc(6 * var(--unit)));border-radius: max(4px,calc(1 * var(--unit)));}.strip .now{inline-size: max(3px,calc(0.7 * var(--unit)));}.hours{font-size: max(12px,calc(2.8 * var(--unit)));}.unknown .day{visibility: hidden;}}@container card (block-size >= 360px) and (inline-size >= 320px) and (aspect-ratio < 1){.room{--unit: min(0.62cqb,1.25cqi);}.state,.unknown .state,.offline .state,.mono.offline .state,.mono.free .state,.mono.disabled .state{grid-template: "icon" auto "word" auto "until" auto "title" auto "hint" auto / minmax(0,1fr);justify-items: center;text-align: center;}.icon,.unknown .icon,.mono .icon.icon{inline-size: min(20cqb,42cqi);}.word{font-size: min(15cqb,84cqi / var(--ems));}.until{justify-self: center;font-size: max(18px,min(4.5cqb,7cqi));}.until{flex-direction: column;align-items: center;}.titled .icon.icon{inline-size: min(15cqb,42cqi);}.acts.titled .icon.icon.icon{inline-size: min(7cqb,42cqi);}.acts.titled .word{font-size: min(11cqb,84cqi / var(--ems));}.acts.helps.titled .word.word{font-size: min(8cqb,84cqi / var(--ems));}.state .title{max-inline-size: 100%;font-size: max(16px,min(3.2cqb,5cqi));}.hint{justify-self: center;}.helps .word{font-size: min(12cqb,84cqi / var(--ems));}.helps .until{font-size: max(18px,min(4cqb,7cqi));}.helps .icon.icon{inline-size: min(15cqb,42cqi);}.nearby ul{flex-direction: column;gap: max(4px,calc(0.8 * var(--unit)));}.nearby li{flex: none;grid-template-columns: fit-content(40%) minmax(0,1fr) auto;padding-block: 0.3em;}.nearby b{font-size: 1.1em;}.nearby span:last-child{grid-column: 3;}.coming,.notes:has(> :not(.pending)) ~ .coming{flex-direction: column;}}@container card (inline-size < 480px){.next .title{display: none;}}@container card (block-size < 440px){.nearby.nearby{display: none;}}`, Ii = 15 * L, Li = 30 * L, Ri = 24 * R, zi = {
	"open.feishu.cn": {
		app: "feishu",
		host: "applink.feishu.cn"
	},
	"open.larksuite.com": {
		app: "lark",
		host: "applink.larksuite.com"
	}
};
function Bi(e, t, n, r) {
	let i = e.devices[e.entities[t.id]?.device_id ?? ""], a = zi[Ui(i?.configuration_url ?? "")], o = Vi(t, n, r);
	return !a || !o ? null : {
		slot: o,
		link: `https://${a.host}/client/calendar/event/create?startTime=${o.start / I}&endTime=${o.end / I}`,
		app: a.app
	};
}
function Vi({ bookings: e }, { kind: t, until: n }, r) {
	let i = t === "free" ? r : t === "busy" ? n : null;
	if (i === null) return null;
	let a = Hi(i), o = a + Li;
	for (let t of e) if (!(t.end <= a)) {
		if (t.start - a >= Ii) {
			o = Math.min(o, t.start);
			break;
		}
		a = Hi(t.end), o = a + Li;
	}
	return a - r < Ri ? {
		start: a,
		end: o
	} : null;
}
function Hi(e) {
	return Math.ceil(e / Ii) * Ii;
}
function Ui(e) {
	return /^https:\/\/([^/]+)/.exec(e)?.[1] ?? "";
}
// node_modules/lean-qr/nano.mjs
var Wi = [
	.2,
	3 / 8,
	5 / 9,
	2 / 3
], Gi = (e, t) => (n) => {
	let r = 4 * e + n - 4, i = "*-04-39?2$%%$%%'$%''%'''%')(%'))%(++'(++'(+.'+-.',/3',33)-/5)-43).36)058*18<+37<+4:<,4:E,5<A-7>C/8@F/:EH/<EK0=FM1?IP2@KS3BNV4DPY5FS\\6HV_6IXb7K[e8N^i9Pam;Rdp<Tgt".charCodeAt(r) - 35, a = r > 8 ? i : 1, o = t / a | 0, s = t % a, c = a - s, l = r > 8 ? o * Wi[n] + (e > 5) & -2 : i, u = o - l;
	return {
		t: c * u + s * u + s,
		o: [[c, u], [s, u + 1]],
		l
	};
}, Ki = {
	L: 0,
	M: 1,
	Q: 2,
	H: 3
}, $ = (e) => new Uint8Array(e), qi = (e) => {
	let t = /* @__PURE__ */ Error(`lean-qr error ${e}`);
	throw t.code = e, t;
}, Ji = (e, t = e * e, n = $(t)) => ({
	size: e,
	i: n,
	get: (t, r) => t >= 0 && t < e && !!(1 & n[r * e + t]),
	u(t, { on: n = [
		0,
		0,
		0
	], off: r = [
		0,
		0,
		0,
		0
	], pad: i = 4, padX: a = i, padY: o = i } = {}) {
		let s = e + 2 * a, c = e + 2 * o, l = t.createImageData(s, c), u = new Uint32Array(l.data.buffer);
		l.data.set([...n, 255]);
		let d = u[0];
		l.data.set([...r, 255]);
		let f = u[0];
		for (let e = 0; e < c; ++e) for (let t = 0; t < s; ++t) u[e * s + t] = this.get(t - a, e - o) ? d : f;
		return l;
	},
	toCanvas(e, t) {
		let n = e.getContext("2d"), r = this.u(n, t);
		e.width = r.width, e.height = r.height, n.putImageData(r, 0, 0);
	}
}), Yi = [
	(e, t) => 1 & (e ^ t),
	(e, t) => 1 & t,
	(e) => e % 3,
	(e, t) => (e + t) % 3,
	(e, t) => 1 & (e / 3 ^ t >> 1),
	(e, t) => (e & t & 1) + e * t % 3,
	(e, t) => (e & t) + e * t % 3 & 1,
	(e, t) => (e ^ t) + e * t % 3 & 1
], Xi = $(511);
for (let e = 0, t = 1; e < 255; t = 2 * t ^ 285 * (t > 127)) Xi[Xi[t + 255] = e++] = t;
var Zi = (e) => Xi[e % 255], Qi = (e) => Xi[e + 255], $i = (e, t) => {
	let n = $(e.length + t.length - 1);
	for (let r = 0; r < e.length; ++r) for (let i = 0; i < t.length; ++i) n[r + i] ^= Zi(e[r] + t[i]);
	return n.map(Qi);
}, ea = (e, t) => {
	let n = $(e.length + t.length - 1);
	n.set(e, 0);
	for (let r = 0; r < e.length; ++r) if (n[r]) {
		let e = Qi(n[r]);
		for (let i = 0; i < t.length; ++i) n[r + i] ^= Zi(t[i] + e);
	}
	return n.slice(e.length);
}, ta = [[0], [0, 0]];
for (let e = 1; e < 30; ++e) ta.push($i(ta[e], [0, e]));
var na = (e, t) => {
	let n = [[], []], r = 0, i = 0;
	for (let [a, o] of t.o) for (let s = 0; s < a; ++s, r += o) {
		let a = e.slice(r, r + o);
		n[0].push(a), n[1].push(ea(a, ta[t.l])), i += o + t.l;
	}
	let a = $(i);
	i = 0;
	for (let e of n) for (let t = 0, n = -1; n < i; ++t) {
		n = i;
		for (let n of e) t < n.length && (a[i++] = n[t]);
	}
	return a;
}, ra = (e, t, n) => {
	let r = e <<= n;
	for (let e = 134217728; e >>= 1;) r & e && (r ^= t * (e >> n));
	return r | e;
}, ia = ({ size: e, i: t }, n) => {
	let r = (n, r, i, a) => {
		for (; i-- > 0; n += e) t.fill(a, n, n + r);
	}, i = (t, n, i) => {
		for (let a = 0; a++ < 3; i -= 2) r(n * e + t - (i >> 1) * (e + 1), i, i, 2 | a);
	}, a = 2 * ((e - 13) / (1 + (n / 7 | 0)) / 2 + .75 | 0);
	if (n > 1) for (let t = e - 7; t > 8; t -= a) {
		for (let e = t; e > 8; e -= a) i(t, e, 5);
		t < e - 7 && i(t, 6, 5);
	}
	if (n > 6) for (let r = ra(n, 7973, 12), i = 1; i < 7; ++i) for (let n = 12; n-- > 9; r >>= 1) t[i * e - n] = 2 | 1 & r;
	r(7, 2, 9, 2), r(e - 8, 8, 9, 2);
	for (let n = 0; n < e; ++n) t[6 * e + n] = 3 ^ 1 & n;
	i(3, 3, 7), i(e - 4, 3, 7);
	for (let n = 0; n < e; ++n) for (let r = n; r < e; ++r) t[r * e + n] = t[n * e + r];
	t[(e - 8) * e + 8] = 3;
}, aa = ({ size: e, i: t }) => {
	let n = [];
	for (let r = e - 2, i = e, a = -1; r >= 0; r -= 2) {
		for (r === 5 && (r = 4); i += a, i !== -1 && i !== e;) {
			let a = i * e + r;
			t[a + 1] || n.push(a + 1), t[a] || n.push(a);
		}
		a *= -1;
	}
	return n;
}, oa = ({ i: e }, t, n) => t.forEach((t, r) => e[t] = n[r >> 3] >> (7 & ~r) & 1), sa = ({ size: e, i: t }, n, r, i) => {
	for (let r = 0; r < e; ++r) for (let i = 0; i < e; ++i) {
		let a = r * e + i;
		t[a] ^= !(n(i, r) || 2 & t[a]);
	}
	let a = 21522 ^ ra((1 ^ i) << 3 | r, 1335, 10);
	for (let n = 0; n++ < 8; a >>= 1) t[(n - (n < 7)) * e + 8] = 1 & a, t[9 * e - n] = 1 & a;
	for (let n = 8; --n, a; a >>= 1) t[8 * e + n - (n < 7)] = 1 & a, t[(e - n) * e + 8] = 1 & a;
}, ca = ({ size: e, i: t }, n = 0, r = 0) => {
	for (let i = 0; i < e; ++i) {
		for (let a = 0; a < 2; ++a) for (let o, s = 0, c = 0, l = 2; s < e; ++s) {
			let u = 1 & t[a ? i * e + s : s * e + i];
			r += u, c = (c >> 1 | 2098176) & (3047517 ^ u - 1), 2049 & c && (n += 40), u ^ l && (o = 0), l = u, n += ++o === 5 ? 3 : o > 5;
		}
		if (i) for (let r = e + i, a = 5 * t[i - 1] ^ t[i]; r < e * e; r += e) {
			let e = 5 * t[r - 1] ^ t[r];
			n += 3 * !(1 & (a | e) | 4 & (a ^ e)), a = e;
		}
	}
	return n + 10 * (10 * Math.abs(r / (e * e) - 1) | 0);
}, la = [], ua = (e = qi(1), { minCorrectionLevel: t = 0, minVersion: n = 1 } = {}) => {
	typeof e != "string" && qi(5), e = new TextEncoder().encode(e);
	let r = $(2957);
	r.set([
		113,
		164,
		e.length >> 8
	]);
	for (let i = n; i < 41; ++i) {
		let n = la[i];
		n || (la[i] = n = Ji(4 * i + 17), ia(n, i), n.p = aa(n));
		let a = Gi(i, n.p.length >> 3)(t);
		if (a.t >= 3 + (i > 9) + e.length) {
			let o = i > 9 ? 3 : 2;
			for (r[o++] = e.length, r.set(e, o), o += e.length - 1; o < 2954; r.set([236, 17], o += 2));
			let s = Ji(n.size, n.i);
			return oa(s, n.p, na(r, a)), Yi.map((e, n) => {
				let r = Ji(s.size, s.i);
				return sa(r, e, n, t), r.s = ca(r), r;
			}).sort((e, t) => e.s - t.s)[0];
		}
	}
	qi(4);
};
// src/view/qr.ts
/*! lean-qr, Copyright (c) 2021-2025 David Evans, MIT License */
function da(e, t) {
	let n = ua(e, { minCorrectionLevel: Ki.M }), r = "";
	for (let e = 0; e < n.size; e++) for (let t = 0; t < n.size; t++) n.get(t, e) && (r += `M${t} ${e}h1v1h-1z`);
	let i = n.size + 8;
	return E`<svg
class="qr"
role="img"
aria-label=${t}
viewBox="${-4} ${-4} ${i} ${i}"
shape-rendering="crispEdges"
><path d=${r} /></svg>`;
}
// src/cards/room-parts.ts
function fa(e, t, n) {
	let { texts: r } = n, i = Zr(e, F(t).map((e) => H(t, e)), n);
	return i.length ? T`<div class="nearby">
<h3>${r.nearby}</h3>
<ul>
${i.map(({ room: { name: e, seats: t }, status: i, place: a }) => T`<li><b>${e}</b> <span>${[a, t === null ? "" : r.seats(t)].filter(Boolean).join(" · ")}</span> <span>${nn(i, n)}</span></li>`)}
</ul>
</div>` : null;
}
function pa(e, t, n, r) {
	let { now: i, texts: a, formats: o } = r, s = Bi(n, e, t.status, i);
	if (!s) return null;
	let c = o.span(s.slot.start, s.slot.end, i), l = a.invite.apps[s.app];
	return T`<div class="invite">
${da(s.link, a.invite.code(l))}
<p><b>${a.invite.title(l)}</b> <span>${c}</span> <span>${a.invite.addRoom(t.name)}</span></p>
</div>`;
}
function ma(e, t, n, r) {
	let i = t ?? e, { texts: a } = n;
	return T`<div class=${t ? "day ahead" : "day"}>
<div class="days">${Jn(i)}${Yn(i.timeline, n)}</div>
${e.timeline ? T`<button class="turn" aria-label=${t ? a.today : a.tomorrow} @click=${r}>
${q(t ? "back" : "forth")}
</button>` : O}
</div>`;
}
function ha({ spans: [e, ...t] }, { texts: n }) {
	return T`<dl class="coming plan">
<div><dt>${n.tomorrow}</dt><dd><span class="next">${e ?? n.nothingBooked}</span>${ba(t)}</dd></div>
</dl>`;
}
function ga(e) {
	return [...e].reduce((e, t) => e + (t > "⺀" ? 1 : .58), 0).toFixed(2);
}
function _a({ formats: e, now: t }) {
	return T`<p class="clock"><time>${e.time(t)}</time> <span class="date">${e.today(t)}</span></p>`;
}
function va({ status: e, note: t, pending: n }, { lostAt: r, texts: i, formats: a }) {
	if (e.kind === "unknown") return O;
	let o = r === null ? "" : i.lost(a.time(r));
	return !o && !t && !n ? O : T`<div class="notes">
${o ? T`<p class="lost">${o}</p>` : O} ${t ? T`<p>${t}</p>` : O}
${n ? T`<p class="pending">${n}</p>` : O}
</div>`;
}
function ya(e) {
	return e.map((e) => T`<bdi>${e}</bdi>`);
}
function ba(e) {
	return e.map((e) => T`<span class="later">${e}</span>`);
}
function xa(e, t, { texts: n }) {
	return e.next ? T`<dl class="coming">
<div><dt>${n.next}</dt><dd><span class="next">${e.next}${t.length ? T`<span class="title">${ya(t)}</span>` : O}</span>${ba(e.later)}</dd></div>
${e.nextFree ? T`<div><dt>${n.nextFree}</dt><dd>${e.nextFree}</dd></div>` : O}
</dl>` : O;
}
// src/cards/room-card.ts
var Sa = "feishu-room-card", Ca = {
	current: [],
	next: []
}, wa = L, Ta = class extends Dr {
	static {
		this.styles = [
			Kn,
			Xn,
			Ni,
			Fi,
			Mi,
			Pi,
			Un
		];
	}
	#e = "";
	#t = "";
	#n;
	#r = new bi(() => this.#C());
	#i = !1;
	#a = !1;
	#o;
	#s;
	#c = !1;
	#l;
	#u = !1;
	constructor() {
		super(), this.addController(new Si(this, (e) => this.layout === "panel" && this.#f(e)));
	}
	static getConfigForm() {
		return Pr(K());
	}
	static getStubConfig(e, t = [], n = []) {
		return { entity: [
			...t,
			...n,
			...F(e)
		].find((t) => Qe(e, t)) ?? "" };
	}
	setConfig(e) {
		Cr(e, K()), e.entity !== this.config?.entity && this.#r.leave(), this.config = e, this.toggleAttribute("auto", e.grid_options?.rows === "auto"), this.renew(), this.requestUpdate();
	}
	getCardSize() {
		return 4;
	}
	getGridOptions() {
		return {
			columns: 6,
			rows: 4,
			min_columns: 3,
			min_rows: 1
		};
	}
	disconnectedCallback() {
		super.disconnectedCallback(), clearTimeout(this.#s), this.#f(!1), this.#S(!1), this.#_?.close(), this.#r.dismiss();
	}
	watched() {
		let { hass: e, config: t } = this;
		return !e || !t ? [] : (this.#n ??= [...t.actions ? Object.values($e(e, t.entity)) : [], ...this.#p ? F(e) : []], [t.entity, ...this.#n]);
	}
	renew() {
		this.#n = void 0;
	}
	willUpdate(e) {
		e.has("layout") && this.renew(), this.lostAt !== null && this.#r.lose();
	}
	updated() {
		let e = this.#_;
		e && (this.#v !== e.open && (e.open ? e.close() : e.showModal()), this.#u && this.#E());
	}
	render() {
		let { hass: e, config: t } = this;
		if (!e || !t) return O;
		let n = this.moment(e, t), r = H(e, t.entity, t.name), i = tn(r, n);
		this.#D(i, n), this.#d(r, n);
		let { status: a } = i, o = t.titles ? ci(r, a, n.now) : Ca, s = n.lostAt !== null && a.kind !== "unknown", c = this.action(t), l = t.actions ? this.#m(i, t, e, n) : null, u = this.#p && Xr(a) ? fa(r, e, n) : null, d = [
			a.kind,
			a.soon && "soon",
			e.themes?.darkMode && "dark",
			n.steady && "mono"
		].filter(Boolean).join(" "), f = t.qr && !s ? pa(r, i, e, n) : null, { day_start: p = 8, day_end: m = 19 } = t, h = this.#c && i.timeline ? ui(r, n, p, m) : null;
		return T`<ha-card class=${[
			d,
			s && "offline",
			l && "acts",
			u && "helps",
			f && "invites",
			o.current.length && "titled"
		].filter(Boolean).join(" ")}>
<div class="room fill">
<h2 class="name">${i.name}</h2>
<p class="about">${[i.place, i.seats].filter(Boolean).join(" · ")}</p>
${t.hide_clock || n.steady ? O : _a(n)}
<div class="state">
${bn(a)}
<div class="what">
<p class="word" style="--ems:${ga(i.word)}">${i.word}</p>
<p class="until">${i.until || i.note}${i.left ? T` <span class="left">${i.left}</span>` : O}</p>
</div>
${o.current.length ? T`<p class="title">${ya(o.current)}</p>` : O}
${i.hint ? T`<p class="hint">${i.hint}</p>` : O}
</div>
${f ?? O} ${u ?? O} ${va(i, n)}
${h ? ha(h, n) : xa(i, o.next, n)}
${ma(i, h, n, () => this.#f(!this.#c))}
${c ? T`<button
class="tap"
aria-label=${n.texts.details(i.name)}
@click=${() => et(this, t.entity, c)}
></button>` : O}
${l ? T`${this.#h(i, n)}${this.#v ? O : l}` : O}
</div>
<p class="unheard" role="status">${this.#t}</p>
</ha-card>
${t.actions ? this.#g(i, l, d, n) : O}`;
	}
	#d(e, { now: t }) {
		clearTimeout(this.#s);
		let n = dt(e);
		n !== null && t < n && n - t < 6e4 && (this.#s = setTimeout(() => this.requestUpdate(), n - t));
	}
	#f(e) {
		this.#c = e, clearTimeout(this.#l), e && (this.#l = setTimeout(() => this.#f(!1), wa)), this.requestUpdate();
	}
	get #p() {
		return this.config?.nearby ?? this.layout === "panel";
	}
	#m(e, t, n, r) {
		let { phase: i } = this.#r, { now: a, lostAt: o } = r, s = o === null ? ai(e.status, ii(n, t.entity), a) : [];
		if (!s.length && i.kind === "idle") return null;
		let c = t.pin ?? "";
		return wi({
			name: e.name,
			phase: i,
			offers: s,
			pinLength: c.length
		}, r, this.#y);
	}
	#h({ name: e, status: t }, { texts: { actions: n, is: r } }) {
		let i = this.#r.phase.kind === "working", a = t.kind === "free" ? n.book : n.change;
		return T`<button class="open" aria-haspopup="dialog" aria-label=${r(e, a)} @click=${() => this.#x()}>
${q(i ? "working" : t.kind === "free" ? "book" : "change")}<span>${a}</span>
</button>`;
	}
	#g({ name: e }, t, n, { texts: r }) {
		return T`<dialog
class=${n}
aria-label=${e}
@close=${() => this.#w()}
@click=${(e) => e.target === this.#_ && this.#_?.close()}
@keydown=${(e) => this.#T(e)}
>
${this.#v ? T`<div class="sheet">
<div class="top">
<h2>${e}</h2>
<button class="key quiet" aria-label=${r.actions.close} @click=${() => this.#_?.close()}>
${q("close")}
</button>
</div>
${t ?? O}
</div>` : O}
</dialog>`;
	}
	get #_() {
		return this.renderRoot?.querySelector("dialog") ?? null;
	}
	get #v() {
		return this.#i || this.#r.phase.kind === "pin";
	}
	#y = {
		begin: (e) => this.#b((t, { entity: n, pin: r }) => this.#r.begin(e, r ?? "", t, n)),
		type: (e) => this.#b((t, { entity: n, pin: r }) => this.#r.type(e, r ?? "", t, n)),
		erase: () => this.#b(() => this.#r.erase()),
		confirm: () => this.#b((e, { entity: t }) => this.#r.confirm(e, t)),
		dismiss: () => this.#b(() => this.#r.dismiss())
	};
	#b(e) {
		let { hass: t, config: n } = this;
		if (!t || !n || this.preview) return;
		let r = this.#r.phase.kind;
		this.#i && this.#S(!0), e(t, n), this.#r.phase.kind !== r && (this.#u = !0);
	}
	#x() {
		this.preview || (this.#S(!0), this.#u = !0);
	}
	#S(e) {
		this.#i = e, clearTimeout(this.#o), e && (this.#o = setTimeout(() => this.#_?.close(), wa)), this.requestUpdate();
	}
	#C() {
		let { kind: e } = this.#r.phase;
		e === "idle" && this.#S(!1), this.#a && (e === "refused" || e === "unknown") && this.#S(!0), e !== "working" && (this.#a = !1), this.requestUpdate();
	}
	#w() {
		this.#v && (this.#a = this.#r.phase.kind === "working", this.#S(!1), this.#r.dismiss());
	}
	#T(e) {
		if (/^\d$/.test(e.key)) this.#y.type(e.key);
		else if (e.key === "Backspace") this.#y.erase();
		else return;
		e.stopPropagation();
	}
	#E() {
		this.#u = !1;
		let e = this.renderRoot.querySelector(".actions");
		(e?.querySelector(".safe") ?? e?.querySelector(".key, .said"))?.focus();
	}
	#D(e, { texts: t }) {
		let n = `${e.id} ${e.status.kind} ${e.status.soon}`;
		this.#e && this.#e !== n && (this.#t = t.is(e.name, t.sentence(...[e.phrase, e.hint].filter(Boolean)))), this.#e = n;
	}
}, Ea = [
	4,
	8,
	16,
	Infinity
], Da = [
	"booked",
	"used",
	"no_show",
	"ad_hoc"
], Oa = 30, ka = 8;
function Aa(e, t, n) {
	let r = ja(e), i = t.flatMap((t) => {
		let n = e.entities[t.id]?.device_id ?? "", i = r.get(n);
		return r.delete(n), i ? [[t, i]] : [];
	}), a = [...r.values()], o = [
		...a.length ? [Ma(a, n)] : [],
		...Na(e, i, n),
		...Pa(e, i, "no_show", {
			heading: n.utilization.empty,
			icon: "mdi:account-off"
		}, "orange")
	];
	if (!o.length) return [];
	let s = i.length < t.length ? [Ia(n)] : [];
	return [{
		title: n.utilization.title,
		path: "utilization",
		icon: "mdi:chart-bar",
		type: "sections",
		max_columns: 3,
		sections: [...o, ...s]
	}];
}
function ja(e) {
	let t = new Set(Da.flatMap((e) => [`${e}_today`, `${e}_this_month`])), n = /* @__PURE__ */ new Map();
	for (let r of Object.values(e.entities)) r?.platform === "feishu_freebusy" && !r.hidden && r.device_id && t.has(r.translation_key) && n.set(r.device_id, {
		...n.get(r.device_id),
		[r.translation_key ?? ""]: r.entity_id
	});
	return n;
}
function Ma(e, { utilization: t }) {
	let n = (t) => e.length > 1 ? {} : { name: t }, r = (r) => Da.flatMap((i) => e.flatMap((e) => {
		let a = e[`${i}_${r}`];
		return a ? [{
			entity: a,
			...n(t.shares[i])
		}] : [];
	})), i = r("this_month").map((e) => ({
		type: "tile",
		...e,
		grid_options: { columns: 6 }
	})), a = e.flatMap(({ booked_today: e }) => {
		let r = { calendar: {
			period: "month",
			offset: -1
		} };
		return e ? [{
			type: "statistic",
			entity: e,
			...n(t.lastMonth),
			stat_type: "mean",
			period: r,
			grid_options: { columns: 12 }
		}] : [];
	});
	return La({
		heading: t.all,
		icon: "mdi:chart-donut"
	}, [
		{
			type: "markdown",
			content: t.about
		},
		...i.length ? [{
			type: "heading",
			heading: t.thisMonth,
			heading_style: "subtitle"
		}] : [],
		...i,
		...a,
		...Fa(r("today"), "day", Oa)
	]);
}
function Na(e, t, n) {
	let { upTo: r, between: i, from: a, unknown: o } = n.utilization.seats;
	return [...Ea, null].flatMap((n, s) => {
		let c = (Ea[s - 1] ?? 0) + 1, l = ({ seats: e }) => n === null || e === null ? e === n : c <= e && e <= n, u = n === null ? o : c === 1 ? r(n) : n < Infinity ? i(c, n) : a(c);
		return Pa(e, t.filter(([e]) => l(e)), "booked", {
			heading: u,
			icon: "mdi:seat"
		});
	});
}
function Pa(e, t, n, r, i = "primary") {
	let a = t.flatMap(([t, r]) => {
		let i = r[`${n}_this_month`];
		return i ? [{
			entity: i,
			name: t.name,
			share: Number.parseFloat(e.states[i]?.state ?? "")
		}] : [];
	}), o = t.flatMap(([{ name: e }, t]) => {
		let r = t[`${n}_today`];
		return r ? [{
			entity: r,
			name: e
		}] : [];
	});
	return !a.length && !o.length ? [] : [La(r, [...a.sort((e, t) => (t.share || 0) - (e.share || 0)).map(({ entity: e, name: t }) => ({
		type: "tile",
		entity: e,
		name: t,
		color: i,
		features: [{
			type: "bar-gauge",
			min: 0,
			max: 100
		}],
		features_position: "inline"
	})), ...o.length > ka ? [] : Fa(o, "week", 84)])];
}
function Fa(e, t, n) {
	return e.length ? [{
		type: "statistics-graph",
		entities: e,
		period: t,
		days_to_show: n,
		stat_types: ["mean"],
		chart_type: "line",
		min_y_axis: 0,
		max_y_axis: 100,
		hide_legend: e.length === 1
	}] : [];
}
function Ia({ utilization: e }) {
	let t = e.enable(`/config/entities?domain=${Xe}`);
	return La({
		heading: e.eachRoom,
		icon: "mdi:help-circle-outline"
	}, [{
		type: "markdown",
		content: t
	}]);
}
function La(e, t) {
	return {
		type: "grid",
		cards: [{
			type: "heading",
			...e
		}, ...t]
	};
}
// src/strategy/rooms.ts
var Ra = "feishu-rooms", za = class extends HTMLElement {
	static {
		this.registryDependencies = ["entities", "devices"];
	}
	static {
		this.noEditor = !0;
	}
	static async generate({ actions: e, pin: t, titles: n }, r) {
		let i = pn(r.locale.language), a = {
			actions: e,
			pin: t,
			titles: n
		}, o = new Intl.Collator(i.language, { numeric: !0 }).compare, s = F(r).map((e) => H(r, e)).sort((e, t) => o(e.place, t.place) || o(e.name, t.name));
		return { views: [
			{
				title: i.board.title,
				path: "board",
				icon: "mdi:view-list",
				type: "panel",
				cards: [{
					type: `custom:${Lr}`,
					entities: s.map(Ha)
				}]
			},
			...Ba(s, i.board.elsewhere),
			...Aa(r, s, i),
			...s.map((e) => Ua(e, a))
		] };
	}
};
function Ba(e, t) {
	return Ga(e, ({ building: e }) => e).map(([e, n], r) => ({
		title: e || t,
		path: `building-${r + 1}`,
		icon: "mdi:office-building",
		type: "sections",
		max_columns: 3,
		sections: Ga(n, ({ place: e }) => e).map(([e, n]) => ({
			type: "grid",
			cards: [{
				type: "heading",
				heading: e || t,
				icon: "mdi:floor-plan"
			}, ...n.map(Va)]
		}))
	}));
}
function Va(e) {
	return {
		type: `custom:${Sa}`,
		hide_clock: !0,
		...Ha(e)
	};
}
function Ha(e) {
	return {
		entity: e.id,
		tap_action: {
			action: "navigate",
			navigation_path: Wa(e)
		}
	};
}
function Ua(e, t) {
	return {
		title: e.name,
		path: Wa(e),
		type: "panel",
		subview: !0,
		cards: [{
			type: `custom:${Sa}`,
			entity: e.id,
			...t
		}]
	};
}
function Wa(e) {
	return e.id.replace("binary_sensor.", "door-");
}
function Ga(e, t) {
	let n = /* @__PURE__ */ new Map();
	for (let r of e) n.set(t(r), [...n.get(t(r)) ?? [], r]);
	return [...n];
}
// src/index.ts
var Ka = "https://github.com/feishu-freebusy/feishu-freebusy#readme";
function qa(e, t) {
	let n = window;
	n[e] ??= [];
	let r = n[e];
	r.some(({ type: e }) => e === t.type) || r.push(t);
}
function Ja(e, t) {
	customElements.get(e) || customElements.define(e, t);
}
Ja(Sa, Ta), Ja(Lr, Gr), Ja(`ll-strategy-dashboard-${Ra}`, za), qa("customCards", {
	type: Sa,
	get name() {
		return K().cards.room;
	},
	get description() {
		return K().cards.roomAbout;
	},
	preview: !0,
	documentationURL: Ka,
	getEntitySuggestion: (e, t) => Qe(e, t) ? { config: {
		type: `custom:${Sa}`,
		entity: t
	} } : null
}), qa("customCards", {
	type: Lr,
	get name() {
		return K().cards.board;
	},
	get description() {
		return K().cards.boardAbout;
	},
	preview: !0,
	documentationURL: Ka,
	getEntitySuggestion: (e, t) => Qe(e, t) ? { config: {
		type: `custom:${Lr}`,
		place: H(e, t).place
	} } : null
}), qa("customStrategies", {
	type: Ra,
	strategyType: "dashboard",
	get name() {
		return K().board.title;
	},
	get description() {
		return K().cards.strategyAbout;
	},
	documentationURL: Ka
});
